/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/pci/pci.h"
