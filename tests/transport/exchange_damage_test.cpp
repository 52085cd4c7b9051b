#include "stick.h"
