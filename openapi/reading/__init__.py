"""Reading of documents: from files to one document of OpenAPI 3.1, and what was left out."""
