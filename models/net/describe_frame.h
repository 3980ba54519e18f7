// SPDX-License-Identifier: MIT
// Frames as a line of text for reports.
#pragma once

#include <string>

#include "models/device.h"

namespace nicreplay {

// "ARP who-has 10.0.2.2 tell 10.0.2.15", "IPv4 TCP 10.0.2.15:5001 > 10.0.2.2:44 [SA] seq 1 ack 2
// len 1448".  Any bytes; never more than a few hundred characters.
std::string DescribeFrame(Bytes frame);

}  // namespace nicreplay
