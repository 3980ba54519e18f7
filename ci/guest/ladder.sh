# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The devices that a guest is measured and loaded on: NAME: DEVICE, a rung a line; LIBRARY is replaced.
ladder='qemu-e1000: e1000
stock: nicreplay,library=LIBRARY,model=e1000-stock
tso+csum: nicreplay,library=LIBRARY,model=e1000-opt,opt=tso+csum
exact: nicreplay,library=LIBRARY,model=e1000-opt,opt=exact
bottom-half: nicreplay,library=LIBRARY,model=e1000-opt,opt=exact+asynctx
worker: nicreplay,library=LIBRARY,model=e1000-opt,opt=exact+asynctx,worker=on
doorbell: nicreplay,library=LIBRARY,model=e1000-opt,opt=exact+asynctx+doorbell,worker=on
irqmod: nicreplay,library=LIBRARY,model=e1000-opt,opt=exact+asynctx+doorbell+irqmod,worker=on
sidecore: nicreplay,library=LIBRARY,model=e1000-opt,opt=all,worker=on
sidecore-250us: nicreplay,library=LIBRARY,model=e1000-opt,opt=all,worker=on,poll-us=250
rxcsum: nicreplay,library=LIBRARY,model=e1000-opt,opt=all+rxcsum,worker=on
virtio-net: nicreplay,library=LIBRARY,model=virtio-net,options=vnet_hdr=on
qemu-virtio-net: virtio-net-pci'
