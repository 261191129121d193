/* The program that starts a bundle's program. Freestanding: no C library, no headers, no writable data.
 *
 * It finds its own folder, fills in a few texts that plimsoll put behind it, and executes the bundle's own loader.
 * `launcher.rs` wraps what this is compiled to into an ELF file and says what the texts are:
 *
 *   levels    one byte: how many parts of its own path lead up to the bundle's folder
 *   program   the file to execute
 *   arguments each ends with a zero byte, an empty one ends the list; the caller's own follow, without the first
 *   variables NAME=VALUE, likewise; set only where the caller has not set them
 *
 * In texts byte 1 stands for the bundle's folder, byte 2 for the name by which this program was called.
 */

typedef unsigned long size;

#define TABLE ((const char *)0x611000)
#define LONGEST_PATH 4096
#define MOST_VARIABLES 64
#define MOST_ARGUMENTS 32
#define ROOM 65536
#define HERE -100L
#define AUX_FILE_NAME 31

#if defined(__x86_64__)
#define READLINKAT 267
#define EXECVE 59
#define WRITE 1
#define EXIT 60
static long call(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n_start:\n"
        "xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call launch\n hlt\n"
        ".text\n");
#elif defined(__aarch64__)
#define READLINKAT 78
#define EXECVE 221
#define WRITE 64
#define EXIT 93
static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n_start:\n"
        "mov x29, xzr\n mov x30, xzr\n mov x0, sp\n and x1, x0, #-16\n mov sp, x1\n bl launch\n brk #0\n"
        ".text\n");
#else
#error "no launcher for this processor"
#endif

static size length(const char *text) {
    size n = 0;
    /* The volatile read keeps compilers from making a call to strlen of this, which is not there. */
    while (((const volatile char *)text)[n]) n++;
    return n;
}

static void say(const char *text) { call(WRITE, 2, (long)text, (long)length(text), 0); }

static void fail(const char *what, const char *path) {
    say("bundle: ");
    say(what);
    say(path);
    say("\n");
    call(EXIT, 127, 0, 0, 0);
    __builtin_unreachable();
}

struct filler {
    char *next;
    char *end;
    const char *folder;
    const char *called;
};

static void put(struct filler *to, const char *text) {
    for (; *text; text++) {
        if (to->next == to->end) fail("the texts are too long", "");
        *to->next++ = *text;
    }
}

/* Fills in one text, returns where it is, and moves `from` to the next one. */
static char *fill(struct filler *to, const char **from) {
    char *start = to->next;
    const char *text = *from;
    for (; *text; text++) {
        char one[2] = {*text, 0};
        put(to, *text == 1 ? to->folder : *text == 2 ? to->called : one);
    }
    if (to->next == to->end) fail("the texts are too long", "");
    *to->next++ = 0;
    *from = text + 1;
    return start;
}

static int is_set(char **variables, const char *name) {
    for (; *variables; variables++) {
        const char *a = *variables, *b = name;
        while (*a && *a == *b && *a != '=') a++, b++;
        if (*a == '=' && *b == '=') return 1;
    }
    return 0;
}

/* The path of this program. The kernel tells it in /proc; where that is not mounted, it left the name that was executed. */
static void find_self(char *path, char **after_variables) {
    long n = call(READLINKAT, HERE, (long)"/proc/self/exe", (long)path, LONGEST_PATH - 1);
    if (n > 0) {
        path[n] = 0;
        return;
    }
    const char *name = 0;
    for (size *entry = (size *)after_variables; entry[0]; entry += 2)
        if (entry[0] == AUX_FILE_NAME) name = (const char *)entry[1];
    if (!name || length(name) >= LONGEST_PATH) fail("its own path is not known", "");
    size at = 0;
    for (; name[at]; at++) path[at] = name[at];
    path[at] = 0;
}

/* Cuts the last parts of a path off. A name without folder is one in the working directory. */
static void go_up(char *path, int levels) {
    size end = length(path);
    for (; levels > 0; levels--) {
        while (end > 0 && path[end - 1] != '/') end--;
        if (end == 0) fail("was called by a path that does not lead to its folder, and /proc is not here: ", path);
        if (end > 1) end--;
    }
    path[end] = 0;
}

__attribute__((used, noreturn)) void launch(long *stack) {
    long count = stack[0];
    char **arguments = (char **)(stack + 1);
    char **variables = arguments + count + 1;
    size set = 0;
    while (variables[set]) set++;

    char folder[LONGEST_PATH];
    char texts[ROOM];
    const char *table = TABLE;
    find_self(folder, variables + set + 1);
    go_up(folder, *table++);

    struct filler to = {texts, texts + ROOM, folder, count > 0 ? arguments[0] : ""};
    char *program = fill(&to, &table);

    /* The kernel bounds what the caller gave: at most a quarter of the stack's limit. These need some of the rest. */
    char *new_arguments[count + MOST_ARGUMENTS + 1];
    size n = 0;
    while (*table && n < MOST_ARGUMENTS) new_arguments[n++] = fill(&to, &table);
    table++;
    for (long i = 1; i < count; i++) new_arguments[n++] = arguments[i];
    new_arguments[n] = 0;

    char *new_variables[set + MOST_VARIABLES + 1];
    for (n = 0; n < set; n++) new_variables[n] = variables[n];
    while (*table && n < set + MOST_VARIABLES) {
        char *variable = fill(&to, &table);
        if (!is_set(variables, variable)) new_variables[n++] = variable;
    }
    new_variables[n] = 0;

    call(EXECVE, (long)program, (long)new_arguments, (long)new_variables, 0);
    fail("cannot execute ", program);
    __builtin_unreachable();
}
