#!/usr/bin/env python3
"""`./dev arm64`: builds idast for a 64-bit Raspberry Pi with Debian's cross compiler and runs it under qemu-user.

The libraries for arm64 are unpacked into build/arm64-root from Debian's own packages; this machine's packages stay as
they are. Installed before: g++-aarch64-linux-gnu, qemu-user-static (`./dev arm64` sees to it).
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSROOT = ROOT / "build" / "arm64-root"
APT = ROOT / "build" / "arm64-apt"
BUILD = ROOT / "build" / "arm64"
# tzdata serves every architecture; the date library reads it where it runs.
PACKAGES = ("libc6-dev", "libstdc++-12-dev", "libboost1.81-dev", "libssl-dev", "libsimdjson-dev", "libsqlite3-dev",
            "libspdlog-dev", "libfmt-dev", "libcli11-dev", "libtomlplusplus-dev", "libhowardhinnant-date-dev",
            "libzstd-dev", "tzdata")
EMULATOR = ("qemu-aarch64-static", "-L", str(SYSROOT))


def apt(*words: str) -> None:
    """apt-get on folders of its own, as if this were an arm64 machine with nothing installed."""
    options = {"APT::Architecture": "arm64", "APT::Architectures": "arm64", "Dir::State": str(APT / "state"),
               "Dir::State::status": str(APT / "status"), "Dir::Cache": str(APT / "cache"), "APT::Sandbox::User": ""}
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = subprocess.run(["apt-get", "-qq", *flags, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"dev arm64: apt-get {words[0]} failed:\n{done.stdout[-2000:]}")


def unpack_libraries() -> None:
    stamp = SYSROOT / ".packages"
    if stamp.exists() and stamp.read_text() == " ".join(PACKAGES):
        return
    print("Unpacking Debian's libraries for arm64", flush=True)
    shutil.rmtree(SYSROOT, ignore_errors=True)
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (APT / folder).mkdir(parents=True, exist_ok=True)
    (APT / "status").write_text("")
    apt("update")
    apt("install", "--download-only", "-y", "--no-install-recommends", *PACKAGES)
    # As base-files has it; packages of this Debian still name /lib.
    for folder in ("bin", "lib", "sbin"):
        (SYSROOT / "usr" / folder).mkdir(parents=True, exist_ok=True)
        (SYSROOT / folder).symlink_to(f"usr/{folder}")
    for package in sorted((APT / "cache" / "archives").glob("*.deb")):
        contents = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", SYSROOT], stdin=contents.stdout, check=True)
        if contents.wait() != 0:
            sys.exit(f"dev arm64: cannot unpack {package}")
    stamp.write_text(" ".join(PACKAGES))


def build() -> None:
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "arm64"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "idast"], check=True)


def main() -> int:
    unpack_libraries()
    build()
    return subprocess.run([sys.executable, ROOT / "tests" / "arm64.py", *EMULATOR, BUILD / "idast"]).returncode


if __name__ == "__main__":
    sys.exit(main())
