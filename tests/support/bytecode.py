"""Lets Python keep what it compiles, also where its environment says otherwise (PYTHONDONTWRITEBYTECODE, as in containers).

Otherwise each process of a run rewrites the assertions of 300 files and compiles them and all others anew: two thirds of what it does
until its first test. To be imported before everything else; processes that tests start inherit it. The files are those that Python
makes by default, in `__pycache__`, which git ignores.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
