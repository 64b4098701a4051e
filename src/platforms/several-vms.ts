// A setting of a target that serves several VMs: `{vm}` in it stands for the name of the one that is meant.

/** As it is where no name is given. Undefined where the setting is no text. */
export const settingFor = (setting: unknown, vmName: string | undefined): string | undefined => {
  if (typeof setting !== 'string') return undefined
  return vmName === undefined ? setting : setting.replaceAll('{vm}', vmName)
}
