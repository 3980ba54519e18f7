# SPDX-License-Identifier: MIT
# The event vocabulary of nicreplay and the format of trace files (.nrt).
#
# A trace file is a sequence of zstd frames, each with a content checksum and its content size, each holding one
# standard-framed Cap'n Proto message `Chunk`: first a header, then events, last a footer.  So
#   zstd -dc session.nrt | capnp decode replay/trace.capnp Chunk
# prints any trace.  A new field's default must mean what traces without it meant;
# what cannot be said so is a new version.
@0xd1c5e0f3a7b94e21;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("nicreplay::schema");

const currentVersion :UInt32 = 2;

struct Chunk {
  union {
    header @0 :Header;
    events @1 :Events;
    footer @2 :Footer;
  }
}

struct Header {
  version @0 :UInt32;    # currentVersion of the writer; readers refuse all others
  model @1 :Text;        # registry name of the model that was recorded
  options @2 :Text;      # its options, "key=value,..."
  recorder @3 :Text;     # program and version that wrote the file
  environment @4 :Text;  # what it ran in: VMM, guest, kernel; free text
}

# A run of stimuli.  Drivers and devices do few different things very often, so what they do is listed once, and columns
# say when it was done, and with which addresses and bytes.  Take from each column in the order of the stimuli, of one
# stimulus first for itself, then for its effects in their order.
struct Events {
  firstIndex @0 :UInt64;         # of the first stimulus in the whole trace
  startTime @1 :UInt64;          # virtual time, ns, from which the first delay counts
  stimuli @2 :List(Stimulus);    # the different ones
  effects @3 :List(Effect);      # the different ones
  order @4 :List(UInt32);        # for each stimulus of the run: which of `stimuli`
  delays @5 :List(UInt16);       # for each, ns since the one before; 65535: the next of longDelays
  longDelays @6 :List(UInt64);
  addresses @7 :List(UInt32);    # of DMA, where Effect says so
  pieceStarts @8 :List(UInt32);  # offsets into the payload of pieces of it
  pieceSizes @9 :List(UInt32);
  payload @10 :Data;             # bytes of frames and memory
}

# Bytes are said as `size` and `pieces`.  pieces false: they are those of the payload that follow the last one used so far.
# pieces true: they stand in the payload already, at least in part; they are the next pieces, as many as make up the size.

# What enters the device, with the effects that it caused.
struct Stimulus {
  union {
    read :group {
      offset @0 :UInt32;
      bar @1 :UInt8;
      size @2 :UInt8;  # bytes
      value @3 :UInt64;  # what the device answered
    }
    write :group {
      offset @4 :UInt32;
      bar @5 :UInt8;
      size @6 :UInt8;
      value @7 :UInt64;
    }
    configRead :group {
      offset @8 :UInt32;
      size @9 :UInt8;
      value @10 :UInt64;
    }
    configWrite :group {
      offset @11 :UInt32;
      size @12 :UInt8;
      value @13 :UInt64;
    }
    memory :group {
      # The guest wrote memory (native sources only; live recordings have DMA reads instead).
      address @14 :UInt64;
      size @15 :UInt32;
      pieces @16 :Bool;
    }
    frame @17 :Delivery;  # the network delivered a frame
    link @18 :Bool;       # true: up
    timer @19 :UInt8;     # the timer with this id fired
    reset @20 :Void;
    work @21 :Void;       # deferred work ran here
    poll @22 :Void;       # a sidecore polled here
  }
  effects @23 :List(UInt32);  # what it caused, in order: which of Events.effects
}

struct Effect {
  union {
    dmaRead :group {
      # The address is this plus the next of `addresses` (base 0), or plus that of an earlier DMA of the same stimulus:
      # of its effect number base - 1.
      address @0 :UInt64;
      base @1 :UInt16;
      size @2 :UInt32;
      pieces @3 :Bool;  # what the device got
    }
    dmaWrite :group {
      address @4 :UInt64;
      base @5 :UInt16;
      size @6 :UInt32;
      pieces @7 :Bool;
    }
    transmit @8 :Frame;
    delivery @9 :Delivery;  # the network delivered a queued frame because the device flushed; its effects follow
    interrupt @10 :Bool;    # level at the end of the stimulus, where it changed
    ready @11 :Bool;        # readiness to receive at the end of the stimulus, where it changed
    timerArmed :group {
      # timer state at the end of the stimulus, where it changed
      delay @12 :UInt64;  # ns from the stimulus to the deadline, modulo 2^64
      id @13 :UInt8;
    }
    timerCancelled @14 :UInt8;
  }
}

struct Frame {
  size @0 :UInt32;
  pieces @1 :Bool;
  offload @2 :Offload;  # null: an ordinary wire frame
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
