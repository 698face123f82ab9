/*
 * powercut.c - makes a kill -9 of Redis as bad as a power cut.
 *
 * What a killed process has written stays in the kernel's cache, so a kill alone never shows a missing sync. Preloaded
 * into Redis, this notes after each fdatasync how much of the file is safe; town.py cuts off the rest after the kill.
 * SYNCED names the file that the notes go to: lines of inode and size.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* cppcheck-suppress unusedFunction ; Redis calls it */
int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name): libc's name is reserved */
{
    static int notes = -1;
    struct stat file;
    const char *name = getenv("SYNCED");
    if (notes < 0 && name)
        notes = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int known = fstat(fd, &file); /* before: what is written meanwhile may not be synced */
    int r = (int)syscall(SYS_fdatasync, fd);
    if (r == 0 && known == 0) {
        char line[64];
        int size = snprintf(line, sizeof line, "%lu %ld\n", (unsigned long)file.st_ino, (long)file.st_size);
        if (write(notes, line, (size_t)size) < size)
            abort();
    }
    return r;
}
