"""An answer that says no. The codes are AWS's own."""


class ApiError(Exception):
    def __init__(self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.headers = code, message, status, headers or {}


def absent(code: str, what: str, name: str) -> ApiError:
    return ApiError(code, f"The {what} ID '{name}' does not exist")


def missing(name: str) -> ApiError:
    return ApiError("MissingParameter", f"The request must contain the parameter {name}")
