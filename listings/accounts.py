"""The account that may run a database server: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from listings.errors import N_, Refused


class NoUnprivilegedAccount(Refused):
    """PostgreSQL does not run as root, and there is no other account to run it."""

    message = N_(
        "PostgreSQL does not run as root and no other account can reach %(folder)s. Start as an "
        "ordinary user, or set DATABASE_URL to a PostgreSQL server.",
    )


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the binaries: ``uid`` and ``gid`` own the files, ``prefix`` stands before commands.

    ``changes`` says whether the process is switched to ``uid`` (root, binaries within reach). With
    a prefix the process stays root outside and is nobody inside a user namespace of its own.
    """

    uid: int
    gid: int
    changes: bool = False
    prefix: tuple[str, ...] = ()

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of the binaries without the caller's PG* variables; output is captured."""
        environment = {name: v for name, v in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            cwd="/",  # the caller's folder may be closed to the account
            env={**environment, "LC_ALL": "C.UTF-8"},
            user=self.uid if self.changes else None,
            group=self.gid if self.changes else None,
            extra_groups=[] if self.changes else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def can_run(self, program: Path) -> bool:
        """Whether this account really can execute the program here."""
        try:
            return self.run(program, "--version").returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False

    def take(self, tree: Path) -> None:
        """Make the account the owner of a folder and all in it, following no links."""
        for path in [tree, *tree.rglob("*")]:
            if path.lstat().st_uid != self.uid:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose(data_dir: Path, program: Path) -> Account:
    """The account that runs the database on this data directory: the caller's own, if not root.

    For root: the owner of the data directory, else nobody, where they reach the binaries and the
    data as the modes stand; else nobody inside a user namespace, who is root for the files.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for account in _candidates(data_dir.stat().st_uid):
        if _reaches(account, data_dir) and account.can_run(program):
            return account
    mapped = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
    inside = Account(0, 0, prefix=mapped)
    if inside.can_run(program):
        return inside
    raise NoUnprivilegedAccount(folder=data_dir)


def _candidates(owner: int) -> list[Account]:
    """Accounts without privileges, best first; PostgreSQL asks that they have a name."""
    known = [entry for entry in pwd.getpwall() if entry.pw_uid == owner != 0]
    known += [entry for entry in pwd.getpwall() if entry.pw_name == "nobody"]
    return [Account(entry.pw_uid, entry.pw_gid, changes=True) for entry in known]


def _reaches(account: Account, data_dir: Path) -> bool:
    """Whether the account may walk down to the data directory as the modes stand."""
    for parent in data_dir.resolve().parents:
        entry = parent.stat()
        needed = stat.S_IXUSR if entry.st_uid == account.uid else stat.S_IXOTH
        if not entry.st_mode & needed:
            return False
    return True


def name(uid: int) -> str:
    """The account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
