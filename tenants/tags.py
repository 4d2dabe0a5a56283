"""The tags of the operations, for what the console does beside them, as the operations state them."""

from hsmnodes.node.operations.backup.restore import operation as restore_backup
from hsmnodes.node.operations.backup.take import operation as take_backup
from hsmnodes.node.operations.backup.verify import operation as verify_backup
from hsmnodes.node.operations.backup_key.drill import operation as drill_backup_key
from hsmnodes.node.operations.backup_key.importing import operation as import_backup_key
from hsmnodes.node.operations.backup_key.reshare import operation as reshare_backup_key
from hsmnodes.node.operations.backup_key.rotate import operation as rotate_backup_key
from hsmnodes.node.operations.backup_key.share import operation as share_backup_key
from hsmnodes.node.operations.charter.amend import operation as amend_charter
from hsmnodes.node.operations.key.destroy import operation as destroy_keys
from hsmnodes.node.operations.key.generate import operation as generate_keys
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.operations.node.export_log import operation as export_log
from hsmnodes.node.operations.service.start import operation as start_service
from hsmnodes.node.operations.slot.create import operation as create_slot
from hsmnodes.node.operations.zone.found import operation as found_zone

AMEND_CHARTER = amend_charter.tag
CREATE_SLOT = create_slot.tag
DESTROY_KEYS = destroy_keys.tag
DRILL_BACKUP_KEY = drill_backup_key.tag
ENROL_NODE = enrol_node.tag
EXPORT_LOG = export_log.tag
FOUND_ZONE = found_zone.tag
GENERATE_KEYS = generate_keys.tag
IMPORT_BACKUP_KEY = import_backup_key.tag
RESHARE_BACKUP_KEY = reshare_backup_key.tag
RESTORE_BACKUP = restore_backup.tag
ROTATE_BACKUP_KEY = rotate_backup_key.tag
SHARE_BACKUP_KEY = share_backup_key.tag
START_SERVICE = start_service.tag
TAKE_BACKUP = take_backup.tag
VERIFY_BACKUP = verify_backup.tag
