// SPDX-License-Identifier: MIT
#include "replay/machine.h"

#include <gtest/gtest.h>

#include "models/test_device.h"

namespace nicreplay {
namespace {

// Writes down when its work ran.
class WorkingDevice : public TinyDevice {
 public:
  explicit WorkingDevice(Machine& machine) : TinyDevice(machine), machine_(machine) {}
  void Work() override { worked.push_back(machine_.Now()); }
  void Timer(TimerId) override { timed.push_back(machine_.Now()); }

  std::vector<Nanoseconds> worked;
  std::vector<Nanoseconds> timed;

 private:
  Machine& machine_;
};

class MachineWork : public testing::Test {
 protected:
  MachineWork() { machine_.Attach(&device_); }

  Machine machine_{4096};
  WorkingDevice device_{machine_};
};

TEST_F(MachineWork, RunsAtTheEarliestDeadlineOnce) {
  machine_.RequestWork(50);
  machine_.RequestWork(70);
  EXPECT_EQ(machine_.work_deadline(), 50u);
  machine_.AdvanceTo(49);
  EXPECT_TRUE(device_.worked.empty());
  machine_.AdvanceTo(100);
  EXPECT_EQ(device_.worked, std::vector<Nanoseconds>{50});
  EXPECT_EQ(machine_.work_deadline(), Machine::kNotArmed);
}

TEST_F(MachineWork, ComesAfterTheTimersOfThatMoment) {
  machine_.RequestWork(50);
  machine_.ArmTimer(1, 50);
  machine_.AdvanceTo(50);
  EXPECT_EQ(device_.timed, std::vector<Nanoseconds>{50});
  EXPECT_EQ(device_.worked, std::vector<Nanoseconds>{50});
}

TEST_F(MachineWork, AStimulusRunsItEarlierAndOnlyIfAsked) {
  Stimulus work;
  work.kind = StimulusKind::kWork;
  machine_.Apply(work);
  EXPECT_TRUE(device_.worked.empty());
  machine_.RequestWork(50);
  work.time = 10;
  machine_.Apply(work);
  machine_.AdvanceTo(100);
  EXPECT_EQ(device_.worked, std::vector<Nanoseconds>{10});
}

TEST_F(MachineWork, CanBeCalledOff) {
  machine_.RequestWork(50);
  machine_.CancelWork();
  machine_.AdvanceTo(100);
  EXPECT_TRUE(device_.worked.empty());
}

TEST(MachineMemory, IsMappedUpToItsEnd) {
  Machine machine(4096);
  machine.ram()[4000] = 7;
  const Bytes mapped = machine.MapRead(4000, 200);
  ASSERT_EQ(mapped.size(), 96u);
  EXPECT_EQ(mapped[0], 7);
  EXPECT_TRUE(machine.MapRead(4096, 1).empty());
  EXPECT_TRUE(machine.MapRead(~std::uint64_t{0}, 2).empty());
}

}  // namespace
}  // namespace nicreplay
