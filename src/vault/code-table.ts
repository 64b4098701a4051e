// What each code of the vault means. Codes never change meaning; docs/formats/vault.md repeats the titles.
import type { CodeMeaning } from '../language/index.ts'

export const vaultCodes = {
  VAULT_NOT_FOUND: {
    title: 'The folder has no config file, so it is no vault',
    explanation:
      'A vault is a folder with a config file, keys, data and snapshots. Correct the path, or create a vault there with `holdfast vault init`.',
  },
  VAULT_EXISTS: {
    title: 'The folder is a vault already',
    explanation: 'A vault is never created over another one. Use it as it is, or choose an empty folder.',
  },
  VAULT_KEY_MISSING: {
    title: 'No key file is there; nothing can be decrypted',
    explanation:
      'The key of a vault lies in its folder `keys`, sealed by the password. Restore that folder from a copy: there is no other way to read the vault.',
  },
  VAULT_PASSWORD_WRONG: {
    title: 'The password opens none of the key files',
    explanation: 'Give the password with which the vault was created, or one that was added to it since.',
  },
  VAULT_KEY_UNKNOWN: {
    title: 'No key of the vault has this id, or several begin with these digits',
    explanation: '`holdfast vault keys list` lists them; the first digits are enough where they are unique.',
  },
  VAULT_KEY_IN_USE: {
    title: 'The key that opened the vault cannot be removed',
    explanation:
      'A vault always keeps a key that opens it. Open it with another password to remove this one, or change the password.',
  },
  VAULT_VERSION_UNSUPPORTED: {
    title: 'The repository has a format version other than 2',
    explanation:
      'Vaults are restic repositories of format 2. Use a newer release of Holdfast, or migrate an old repository with `restic migrate`.',
  },
  VAULT_FILE_MISSING: {
    title: 'A file that others refer to is gone',
    explanation:
      'Restore it from a copy of the vault. `holdfast vault verify` lists the restore points that need it; the others can be restored.',
  },
  VAULT_FILE_DAMAGED: {
    title: 'A file is not what was written',
    explanation:
      'Each file is named by the hash of its content and sealed, so damage is always seen. Restore the file from a copy of the vault; `holdfast vault verify` lists what is affected.',
  },
  VAULT_BLOB_MISSING: {
    title: 'A blob that is referred to is in no index, or an index is missing',
    explanation: 'Rebuild the index from the data that is there with `holdfast vault repair`, then run `holdfast vault verify`.',
  },
  VAULT_TREE_INVALID: {
    title: 'A tree is whole but does not describe what it should',
    explanation:
      'It is sealed with the right key, so another program wrote it, or a mistake in Holdfast. `holdfast vault verify` lists the restore points that need it.',
  },
  VAULT_LOCKED: {
    title: 'Another process has a lock that excludes this call',
    explanation:
      'Wait for it to end. The lock of a process that is gone does not count: on the host that it ran on at once, on others after half an hour. `holdfast vault unlock` shows all locks and removes those; with `--all` the others too, when you know that nothing else uses the vault.',
  },
  VAULT_LOCK_LOST: {
    title: 'The lock could not be refreshed in time, or others removed it, so what ran under it was ended',
    explanation:
      'Others may take a lock that is not refreshed for stale, or one that their clock calls old. Check the storage and the clocks of all that use it, then start the same run again.',
  },
  VAULT_CLOSED: {
    title: 'The vault was closed while it was in use',
    explanation: 'The command was ended while it still read or wrote. Start it again.',
  },
  VAULT_WORKER_LOST: {
    title: 'A worker thread of the vault died',
    explanation:
      'The message says of what; too little memory is the usual reason. Nothing half-written counts. Start the same run again: earlier restore points are whole.',
  },
  VAULT_WRITE_FAILED: {
    title: 'The storage refused a write; nothing is written any more until the vault is opened again',
    explanation: 'Check space and rights of the storage, then start the same run again: earlier restore points are whole.',
  },
  VAULT_STORAGE_LOST: {
    title: 'The storage of the vault cannot be reached, or broke off',
    explanation:
      'It was tried several times. The message says what the last answer was. Check network and server, then start the same run again: earlier restore points are whole.',
  },
  VAULT_STORAGE_REFUSED: {
    title: 'The storage of the vault does not let this login in, or refuses a call',
    explanation:
      'The message has the status and the words of the server. Check the login, its rights, the place that is named, and whether there is room.',
  },
  VAULT_PRUNE_REFUSED: {
    title: 'Something in the vault cannot be read, so nothing was removed from it',
    explanation:
      'What cannot be read may say that data is needed. `holdfast vault verify` tells what is damaged; `holdfast vault repair` drops it. Then prune again.',
  },
  FORGET_RULE_MISSING: {
    title: 'Neither a rule nor a restore point says what to forget',
    explanation:
      'Without a rule everything would go. Give at least one, such as `--keep-daily 14`, or the ids of restore points.',
  },
  POINT_UNKNOWN: {
    title: 'No restore point has this id',
    explanation: '`holdfast vault list` lists them; the first digits are enough where they are unique.',
  },
  POINT_AMBIGUOUS: {
    title: 'Several restore points begin with these digits',
    explanation: 'Give more digits of the id.',
  },
  POINTS_INCOMPARABLE: {
    title: 'Two restore points cannot be compared',
    explanation:
      'Points of disks are compared with points of disks that were stored with the same sizes, points of files with points of files.',
  },
  POINT_DAMAGED: {
    title: 'What describes a restore point cannot be read',
    explanation:
      'The message says what is wrong with it. Restore its files from a copy of the vault, or use another restore point.',
  },
  POINT_DISK_UNKNOWN: {
    title: 'A restore point has no such disk',
    explanation: '`holdfast vault show` lists the disks of a restore point.',
  },
  POINT_FILE_UNKNOWN: {
    title: 'A restore point has no such file or folder',
    explanation: 'Give the path as the restore point has it, with slashes and without one at the beginning.',
  },
  FILES_NOT_STORED: {
    title: 'Files vanished, were changed or could not be read while they were stored',
    explanation:
      'A restore point without them would look whole. Store a snapshot rather than files in use, give the right to read them, or accept it: the restore point then lists them.',
  },
  FOLDERS_INVALID: {
    title: 'The folders to store are none, are no absolute paths, or would lie in one place',
    explanation: 'Name each folder once by its absolute path, and give each a place of its own in the restore point.',
  },
  DISK_MAP_INVALID: {
    title: 'The map of a disk leaves gaps, reaches too far, or refers to a base that is not there',
    explanation:
      'A disk is stored whole or not at all: data, zeros, holes and what is unchanged since the base must cover it exactly. The fault is in what the pack answered; back up in full.',
  },
  SOURCE_TOO_SMALL: {
    title: 'A source has fewer bytes than its disk is said to have',
    explanation: 'The platform says one size and serves another. Read the configuration of the disk anew, and back up again.',
  },
  SOURCE_FAILED: {
    title: 'A source could not be opened or read',
    explanation: 'The message says what the disk answered. The copy goes on from its checkpoint once the disk answers again.',
  },
  TARGET_TOO_SMALL: {
    title: 'A target has no room for what is to be restored',
    explanation:
      'Restore a disk into one of at least the size of the one that was backed up; images and files into a folder whose file system has the space. Nothing was written.',
  },
  TARGET_FAILED: {
    title: 'A target could not be opened or written',
    explanation: 'The message says what the target answered. Check it, then restore again.',
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>

export type VaultCode = keyof typeof vaultCodes
