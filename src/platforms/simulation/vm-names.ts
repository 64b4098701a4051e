// What the VMs of simulated hosts are called, so that a hypervisor and the guests in it mean the same ones.
export const VM_NAMES = ['erp-db', 'erp-app'] as const
