import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/values/index.ts'
import { placeOf } from '../../src/vault/index.ts'

const secret = (text: string): Secret => new Secret(text)

describe('the settings of a target say where its vault lies', () => {
  test('a folder is a path', () => {
    expect(placeOf({ directory: '/srv/vault', password: secret('x') })).toBe('/srv/vault')
  })

  test.each([
    ['sftp://backup@nas/vault', { host: 'nas', port: 22, user: 'backup' }, 'vault'],
    ['sftp://backup@nas//srv/vault', { host: 'nas', port: 22, user: 'backup' }, '/srv/vault'],
    ['sftp://back%40up@nas.example:2222//srv/my%20vault/', { host: 'nas.example', port: 2222, user: 'back@up' }, '/srv/my vault'],
    ['sftp://backup@[fd00::1]:22//srv', { host: 'fd00::1', port: 22, user: 'backup' }, '/srv'],
  ])('%s is read as restic reads it', (address, host, directory) => {
    const privateKey = secret('key')
    expect(placeOf({ address, hostKey: 'ssh-ed25519 AAAA', privateKey })).toEqual({
      kind: 'sftp',
      host: { ...host, login: { kind: 'key', privateKey }, hostKey: 'ssh-ed25519 AAAA' },
      directory,
    })
  })

  test('a private key goes before a password', () => {
    const address = 'sftp://backup@nas/vault'
    const login = (more: Readonly<Record<string, Secret>>): unknown => {
      const place = placeOf({ address, hostKey: 'ssh-ed25519 AAAA', ...more })
      return typeof place === 'object' && place.kind === 'sftp' ? place.host.login.kind : place
    }
    expect(login({ loginPassword: secret('p') })).toBe('password')
    expect(login({ loginPassword: secret('p'), privateKey: secret('k') })).toBe('key')
    expect(login({})).toBeUndefined()
  })

  test.each([
    ['s3://backups', 'backups', ''],
    ['s3://backups/', 'backups', ''],
    ['s3://backups/site-1/vault/', 'backups', 'site-1/vault'],
  ])('%s is a bucket with a prefix', (address, bucket, prefix) => {
    const keys = { accessKeyId: secret('id'), secretAccessKey: secret('key') }
    expect(placeOf({ address, ...keys })).toEqual({ kind: 's3', bucket, prefix, region: 'us-east-1', ...keys })
  })

  test('what else an S3 service needs is taken over', () => {
    const keys = { accessKeyId: secret('id'), secretAccessKey: secret('key'), sessionToken: secret('token') }
    expect(
      placeOf({
        address: 's3://backups',
        endpoint: 'https://s3.example:9000',
        region: 'eu-1',
        authorities: '/etc/ca.pem',
        addressing: 'virtual-host',
        lockMode: 'compliance',
        lockDays: 30,
        ...keys,
      }),
    ).toEqual({
      kind: 's3',
      bucket: 'backups',
      prefix: '',
      endpoint: 'https://s3.example:9000',
      region: 'eu-1',
      caFile: '/etc/ca.pem',
      addressing: 'virtual-host',
      lock: { mode: 'compliance', days: 30 },
      ...keys,
    })
  })
})
