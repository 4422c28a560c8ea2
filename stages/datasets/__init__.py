"""Where do the three datasets come from, and how do they become one neutral raw file each?

Read sources.py (packages, Keras, a user's own path), user_files.py (texts and tables of any encoding), then the stages
text.py, reviews.py with tidy.py, digits.py with digit_files.py; prepare.py brings pictures of any size to MNIST's form.
In: a path, as `data.<name>` in params.yaml. Out: data/raw/<name>.{npz,txt,csv}, and a .json that says its origin.
"""
