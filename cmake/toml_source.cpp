// The compiled part of toml++, once for the whole program instead of once in every file.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
