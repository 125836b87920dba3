"""A small disk that a test can fill up: a tmpfs, which root may mount."""

import os
import pathlib
import subprocess

CHUNK_BYTES = 1 << 20


class Disk:
    def __init__(self, folder, megabytes, owner=None):
        self.folder, self.filler = pathlib.Path(folder), pathlib.Path(folder) / "filler"
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={megabytes}m,mode=0700" + (f",uid={owner},gid={owner}" if owner else "")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "test-disk", str(self.folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"a tmpfs cannot be mounted here, which takes root: {done.stderr.strip()}")

    def fill(self):
        """Nothing more can be written, from the next block on."""
        with open(self.filler, "wb", buffering=0) as file:
            for size in (CHUNK_BYTES, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def is_full(self):
        return os.statvfs(self.folder).f_bavail == 0

    def free(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        """Also where a process still has a file open."""
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)
