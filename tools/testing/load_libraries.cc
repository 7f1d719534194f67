// load_libraries FILE...: loads shared objects as the runtime does, and nothing else; see backends_time.py.
#include <dlfcn.h>

#include <cstdio>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (dlopen(argv[i], RTLD_NOW | RTLD_LOCAL)) continue;
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
}
