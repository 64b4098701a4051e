// Quiescing scripts as single programs that vSphere can start in a guest. It gives back nothing but an exit code, so on Windows one
// command goes through the whole folder. Not tried on Windows.
import type { Handlers } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { type EsxGeneration, type GuestOs, LAYOUTS, type ScriptPlace } from '../guest/index.ts'

export const guestProgramHandlers: Handlers = {
  'vmware-vsphere/guest.programs': async (input) => programsOf(input as unknown as Asked),
}

interface Asked {
  readonly os: GuestOs
  readonly esx: EsxGeneration
}

function programsOf({ os, esx }: Asked): JsonObject {
  const { preFreeze, postThaw } = LAYOUTS[os][esx]
  return {
    freeze: program(os, preFreeze, 'freeze'),
    thaw: program(os, postThaw, 'thaw'),
    freezeFail: program(os, postThaw, 'freezeFail'),
  }
}

const CMD = 'C:\\Windows\\System32\\cmd.exe'

function program(os: GuestOs, place: ScriptPlace, argument: 'freeze' | 'thaw' | 'freezeFail'): JsonObject {
  switch (place.kind) {
    case 'file':
      return os === 'windows' ? { programPath: CMD, arguments: `/c "${place.path}"` } : { programPath: place.path, arguments: '' }
    case 'folder': {
      const order = place.order === 'ascending' ? '/on' : '/o-n'
      const each = `for /f "delims=" %f in ('dir /b /a-d ${order} "${place.path}"') do @call "${place.path}\\%f" ${argument}`
      // The first that fails is the last of a freeze; a thaw runs them all, and tells at its end.
      const whole = argument === 'freeze' ? `${each} || exit 1` : `(${each} || set failed=1) & if defined failed exit 1`
      return { programPath: CMD, arguments: `/c ${whole}` }
    }
    default:
      return place satisfies never
  }
}
