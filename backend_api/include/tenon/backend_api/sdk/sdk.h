#pragma once
#include "tenon/backend_api/sdk/backend.h"
