"""``python -m bankcard_ocr`` is the command ``bankcard-ocr``."""

from .cli import main

if __name__ == "__main__":
    main()
