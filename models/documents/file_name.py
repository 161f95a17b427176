"""Names of files as their senders give them: how they are cleaned before anybody is shown one, or saves a file under it."""

from models.documents.graphemes import cut
from models.documents.plain_line import one_line

FILE_NAME_MAX_CHARS = 255
FILE_NAME_MAX_BYTES = 255  # what the file systems of computers and telephones hold
NAMELESS = "file"
_ENDING_MAX_CHARS = 16  # with its dot; a longer one is no ending


def clean_file_name(name: str) -> str:
    """Returns the last part of a path as one line of at most FILE_NAME_MAX_CHARS characters and FILE_NAME_MAX_BYTES bytes.

    Control characters and marks that turn the direction of a text are removed, since `exe.fdp` could be seen as `pdf.exe` by
    them. A name that is too long loses characters before its ending. Returns "" if nothing is left that names a file.
    """
    line = one_line(name.replace("\\", "/").rpartition("/")[2]).rstrip(". ")
    stem, dot, ending = line.rpartition(".")
    ending = dot + ending
    if not stem or len(ending) > _ENDING_MAX_CHARS:
        stem, ending = line, ""
    stem = cut(stem, FILE_NAME_MAX_CHARS - len(ending))
    while len((stem + ending).encode()) > FILE_NAME_MAX_BYTES:
        stem = cut(stem, len(stem) - 1)
    return stem + ending
