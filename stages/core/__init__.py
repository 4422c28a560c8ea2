"""What does every stage share?

In reading order: environment (pinned before anything is imported), errors, inputs and artifacts (files read and written),
command (a stage as a command), snapshot (did its inputs change?), yaml_reader and typed (params.yaml), split,
model_files (.keras files), imports, and what several tasks know of digits, of their quality and of documents.
"""
