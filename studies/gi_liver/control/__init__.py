"""The two protocols on public features of colorectal liver metastases."""
