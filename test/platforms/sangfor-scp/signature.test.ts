import { describe, expect, it } from 'vitest'
import { amzDate, authorization, signature } from '../../../src/platforms/sangfor-scp/signature.ts'
import { Secret } from '../../../src/values/index.ts'

// Vectors of the AWS Signature V4 test suite; those without a query hold for SCP as they are.
const key = {
  accessKey: 'AKIDEXAMPLE',
  secretKey: new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
  region: 'us-east-1',
  service: 'service',
}
const headers = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' }

describe('the signature of an access key', () => {
  it('equals the AWS vector get-vanilla', () => {
    expect(signature({ method: 'GET', path: '/', headers, body: '' }, key)).toBe(
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    )
  })

  it('equals the AWS vector post-vanilla', () => {
    expect(signature({ method: 'POST', path: '/', headers, body: '' }, key)).toBe(
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    )
  })

  it('names key, scope and signed headers in the order of the header names', () => {
    const call = { method: 'GET', path: '/', headers: { 'x-amz-date': headers['x-amz-date'], host: headers.host }, body: '' }
    expect(authorization(call, key)).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    )
  })

  it('changes with the body, the path and the method', () => {
    const base = { method: 'POST', path: '/a', headers, body: '{}' }
    const variants = [base, { ...base, body: '{ }' }, { ...base, path: '/b' }, { ...base, method: 'PUT' }]
    expect(new Set(variants.map((call) => signature(call, key))).size).toBe(variants.length)
  })

  it('writes the date in the compact form', () => {
    expect(amzDate(Date.UTC(2025, 2, 1, 8, 0, 5, 123))).toBe('20250301T080005Z')
  })
})
