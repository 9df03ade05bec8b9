"""What every suite needs, in every image."""

import signal


def pytest_configure(config):
    # A shell that runs the tests in the background has Ctrl-C ignored, by what they start too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
