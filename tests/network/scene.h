// A town with a server, and two people of one department, each at a machine with the registry as it is.
#pragma once

#include "../transport/stick.h"

namespace spiral::server {

using replica::Machine;
using replica::Machines;
using transport::Town;

struct Scene {
    Town town;
    trust::Someone owner = town.college.server();
    Machines machines{town.college};
    Machine& server = machines.of(owner);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);

    Scene() { machines.spreadRegistry(); }
};

}  // namespace spiral::server
