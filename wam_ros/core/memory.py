"""Memory that is freed stays with the process: given back, it is faulted in anew, page by page, at the next use."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's mallopt
_MMAP_THRESHOLD = 32 * 1024 * 1024  # bytes, the most that glibc takes on 64 bit
_TOP_PAD = 64 * 1024 * 1024
_MOST = 2**31 - 1


def keep_freed_memory(kept: int = _MOST) -> bool:
    """Tell the allocator to keep freed memory; False where the C library has no mallopt.

    Args:
        kept: About so many bytes; the rest is given back.

    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((_M_MMAP_THRESHOLD, _MMAP_THRESHOLD), (_M_TRIM_THRESHOLD, min(kept, _MOST)), (_M_TOP_PAD, _TOP_PAD))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
