// The shapes that every pack speaks, so that the vault, plans and a restore elsewhere read them of any platform. Data only.
import type { JsonSchema } from '../values/index.ts'

const addressedDisks: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['disk', 'sizeBytes', 'address'],
    properties: {
      disk: { type: 'string', 'x-means': 'disk', minLength: 1 },
      sizeBytes: { type: 'integer', minimum: 0 },
      address: { type: 'object', required: ['kind'], description: 'A disk address: nbd, nbd-unix or file' },
    },
  },
}

const extents: JsonSchema = {
  type: 'array',
  'x-means': 'extents',
  items: {
    type: 'object',
    required: ['offsetBytes', 'lengthBytes', 'kind'],
    properties: {
      offsetBytes: { type: 'integer', minimum: 0 },
      lengthBytes: { type: 'integer', minimum: 0 },
      kind: { enum: ['data', 'zero', 'hole', 'unchanged'] },
    },
  },
}

const maps: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['disk', 'extents'],
    properties: { disk: { type: 'string', minLength: 1 }, extents: { $ref: '#/shapes/extents' } },
  },
}

const machine: JsonSchema = {
  type: 'object',
  'x-means': 'machine',
  description: 'The VM in words that no platform owns, for a restore elsewhere',
  required: ['cpus', 'memoryBytes', 'firmware', 'disks', 'networks'],
  properties: {
    cpus: { type: 'integer', minimum: 1, description: 'Virtual processors' },
    memoryBytes: { type: 'integer', minimum: 1 },
    firmware: { enum: ['bios', 'efi', 'unknown'] },
    guestOs: { type: 'string', description: 'As the platform names it' },
    disks: {
      type: 'array',
      items: {
        type: 'object',
        required: ['disk'],
        properties: {
          disk: { type: 'string', minLength: 1 },
          bus: { type: 'string', description: 'As the platform names it, such as ide, scsi or virtio' },
          boot: { type: 'boolean', description: 'Whether the VM starts from it' },
        },
      },
    },
    networks: {
      type: 'array',
      items: { type: 'object', properties: { mac: { type: 'string' }, network: { type: 'string' } } },
    },
  },
}

/** What all platforms, the vault and a restore elsewhere call the same; no pack may give these names another meaning. */
export const COMMON_SHAPES: Readonly<Record<string, JsonSchema>> = { addressedDisks, extents, machine, maps }
