#include "host/cause.h"
#include "core/util.h"
#include <string.h>

struct cause_row {
    const char *pattern, *sentence;
};

// clang-format off
static const struct cause_row causes[] = {
    { "no such host", "the registry's name does not resolve on the machine" },
    { "toomanyrequests", "the registry refuses for now: too many pulls from this address (log in, or use artifacts.dir)" },
    { "429 Too Many Requests", "the registry refuses for now: too many pulls from this address (log in, or use artifacts.dir)" },
    { "manifest unknown", "the registry has no such image" },
    { "password authentication failed", "the database refused the password (a kept volume holds the password of its first start)" },
    { "no space left on device", "the machine's disk is full" },
    { "No space left on device", "the machine's disk is full" },
    { "database is locked", "the database is locked" },
    { "InvalidPasswordError", "the database refused the password (a kept volume holds the password of its first start)" },
    { "Can't locate revision", "the database was written by a newer Prefect" },
    { "database files are incompatible with server", "the volume was written by another major version of PostgreSQL" },
    { "could not translate host name", "the database's name did not resolve: DNS in the cluster does not work" },
    { "Temporary failure in name resolution", "a name did not resolve: DNS in the cluster does not work" },
    { "OOMKilled", "it was ended for using more memory than its limit" },
    { "too many open files", "the machine's limit of open files is too low" },
    { "address already in use", "a port that K3s needs is in use on the machine" },
    { "failed to find memory cgroup", "the machine's kernel has no memory cgroup (add cgroup_enable=memory to its command line)" },
    { "unknown flag", "k3s.config holds a key that this K3s does not know" },
    { "flag provided but not defined", "k3s.config holds a key that this K3s does not know" },
    { "certificate has expired or is not yet valid", "a certificate is not valid now: is the machine's clock right?" },
};

// clang-format on

const char *cause_find(const char *log)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (strstr(log, causes[i].pattern))
            return causes[i].sentence;
    return NULL;
}

const char *cause_last_line(const char *log)
{
    size_t end = strlen(log);

    while (end && strchr(" \n\r\t", log[end - 1]))
        end--;
    size_t start = end;
    while (start && log[start - 1] != '\n')
        start--;
    return log + start;
}
