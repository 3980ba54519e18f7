# SPDX-License-Identifier: MIT
# The event vocabulary of nicreplay and the format of trace files (.nrt).
#
# A trace file is a sequence of zstd frames, each with a content checksum and its content size, each holding one
# standard-framed Cap'n Proto message `Chunk`: first a header, then events, last a footer.  So
#   zstd -dc session.nrt | capnp decode replay/trace.capnp Chunk
# prints any trace.  A new field's default must mean what traces without it meant.
@0xd1c5e0f3a7b94e21;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("nicreplay::schema");

const currentVersion :UInt32 = 1;

struct Chunk {
  union {
    header @0 :Header;
    events @1 :Events;
    footer @2 :Footer;
  }
}

struct Header {
  version @0 :UInt32;    # currentVersion of the writer; readers refuse newer ones
  model @1 :Text;        # registry name of the model that was recorded
  options @2 :Text;      # its options, "key=value,..."
  recorder @3 :Text;     # program and version that wrote the file
  environment @4 :Text;  # what it ran in: VMM, guest, kernel; free text
}

struct Events {
  firstIndex @0 :UInt64;  # of stimuli[0] in the whole trace
  stimuli @1 :List(Stimulus);
}

# What enters the device, with the effects that it caused.
struct Stimulus {
  time @0 :UInt64;  # virtual time, ns
  union {
    read :group {
      offset @1 :UInt32;
      bar @2 :UInt8;
      size @3 :UInt8;  # bytes
      value @4 :UInt64;  # what the device answered
    }
    write :group {
      offset @5 :UInt32;
      bar @6 :UInt8;
      size @7 :UInt8;
      value @8 :UInt64;
    }
    configRead :group {
      offset @9 :UInt32;
      size @10 :UInt8;
      value @11 :UInt64;
    }
    configWrite :group {
      offset @12 :UInt32;
      size @13 :UInt8;
      value @14 :UInt64;
    }
    memory :group {
      # The guest wrote memory (native sources only; live recordings have DMA reads instead).
      address @15 :UInt64;
      bytes @16 :Data;
    }
    frame @17 :Delivery;  # the network delivered a frame
    link @18 :Bool;       # true: up
    timer @19 :UInt8;     # the timer with this id fired
    reset @20 :Void;
    work @21 :Void;       # deferred work ran here
    poll @22 :Void;       # a sidecore polled here
  }
  effects @23 :List(Effect);
}

struct Effect {
  union {
    dmaRead :group {
      address @0 :UInt64;
      bytes @1 :Data;  # what the device got
    }
    dmaWrite :group {
      address @2 :UInt64;
      bytes @3 :Data;
    }
    transmit @4 :Frame;
    delivery @5 :Delivery;  # the network delivered a queued frame because the device flushed; its effects follow
    interrupt @6 :Bool;     # level at the end of the stimulus, where it changed
    ready @7 :Bool;         # readiness to receive at the end of the stimulus, where it changed
    timerArmed :group {
      # timer state at the end of the stimulus, where it changed
      deadline @8 :UInt64;
      id @9 :UInt8;
    }
    timerCancelled @10 :UInt8;
  }
}

struct Frame {
  bytes @0 :Data;
  offload @1 :Offload;  # null: an ordinary wire frame
}

struct Delivery {
  frame @0 :Frame;
  result @1 :Result;
  enum Result {
    consumed @0;
    keep @1;
    dropped @2;
  }
}

struct Offload {
  flags @0 :UInt8;
  gsoType @1 :UInt8;
  headerLength @2 :UInt16;
  gsoSize @3 :UInt16;
  checksumStart @4 :UInt16;
  checksumOffset @5 :UInt16;
}

struct Footer {
  stimuli @0 :UInt64;
  effects @1 :UInt64;
  framesIn @2 :UInt64;
  framesOut @3 :UInt64;
  bytesIn @4 :UInt64;   # of frames
  bytesOut @5 :UInt64;
  digestHigh @6 :UInt64;  # of all driver-visible effects, replay/digest.h
  digestLow @7 :UInt64;
  chunks @8 :List(ChunkEntry);
}

struct ChunkEntry {
  offset @0 :UInt64;      # of the zstd frame in the file
  firstIndex @1 :UInt64;
  stimuli @2 :UInt32;
}
