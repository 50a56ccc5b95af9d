"""What can go wrong beneath the kernel. Engines turn every driver error into one of the first four."""


class KernelError(Exception):
    """Something beneath the decision failed; the message is one sentence for an operator."""


class Conflict(KernelError):
    """Somebody else wrote first: the version that was read is not the newest any more."""


class NotFound(KernelError):
    """The stream, document or file is not there."""


class Unavailable(KernelError):
    """The store, keyring or broker cannot be reached or cannot write; trying again later may help."""


class Corrupt(KernelError):
    """What was read is not what can have been written."""


class Unreadable(Corrupt):
    """One record is not what can have been written; its store is sound."""


class Oversize(KernelError):
    """An event is larger than its stream may carry."""


class Unwritable(KernelError):
    """The store works, and refuses this one value."""


def passing(error: BaseException) -> bool:
    """Waiting or mending the store helps; no single event is to blame."""
    return isinstance(error, Unavailable | Conflict | Corrupt) and not isinstance(error, Unreadable)
