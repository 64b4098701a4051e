// Whether the measuring guest can be built and booted here.
import { peer } from '../../peers/peer.ts'

export const hasGuest = [
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('qemu-img', 'qemu-utils'),
  peer('mke2fs', 'e2fsprogs'),
  peer('setpriv', 'util-linux'),
  peer('dpkg-deb', 'dpkg'),
].every(Boolean)
