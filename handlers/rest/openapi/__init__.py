"""The OpenAPI 3.1 document of both APIs, made from the routes: document.py joins the output of texts.py, shapes.py and refusals.py."""
