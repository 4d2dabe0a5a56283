"""The tags of the operations, for what the console does beside them, as the operations state them."""

from hsmnodes.node.operations.application.admit import operation as admit_application
from hsmnodes.node.operations.application.extend import operation as extend_application
from hsmnodes.node.operations.application.remove import operation as remove_application
from hsmnodes.node.operations.application.resume import operation as resume_application
from hsmnodes.node.operations.backup.restore import operation as restore_backup
from hsmnodes.node.operations.backup.take import operation as take_backup
from hsmnodes.node.operations.backup.verify import operation as verify_backup
from hsmnodes.node.operations.backup_key.drill import operation as drill_backup_key
from hsmnodes.node.operations.backup_key.importing import operation as import_backup_key
from hsmnodes.node.operations.backup_key.reshare import operation as reshare_backup_key
from hsmnodes.node.operations.backup_key.rotate import operation as rotate_backup_key
from hsmnodes.node.operations.backup_key.share import operation as share_backup_key
from hsmnodes.node.operations.charter.amend import operation as amend_charter
from hsmnodes.node.operations.charter.recover import operation as recover_charter
from hsmnodes.node.operations.cluster.agree import operation as agree_to_cluster
from hsmnodes.node.operations.cluster.form import operation as form_cluster
from hsmnodes.node.operations.cluster.join import operation as join_cluster
from hsmnodes.node.operations.cluster.leave import operation as leave_cluster
from hsmnodes.node.operations.cluster.set_mode import operation as change_mode
from hsmnodes.node.operations.key.destroy import operation as destroy_keys
from hsmnodes.node.operations.key.generate import operation as generate_keys
from hsmnodes.node.operations.key.rotate import operation as rotate_keys
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.operations.node.export_log import operation as export_log
from hsmnodes.node.operations.service.start import operation as start_service
from hsmnodes.node.operations.slot.create import operation as create_slot
from hsmnodes.node.operations.statement.sign import operation as sign_statement
from hsmnodes.node.operations.token.reinstate import operation as reinstate_token
from hsmnodes.node.operations.warrant.abandon import operation as abandon_warrant
from hsmnodes.node.operations.zone.extend import operation as extend_zone
from hsmnodes.node.operations.zone.found import operation as found_zone
from hsmnodes.node.operations.zone.withdraw import operation as withdraw_zone

ABANDON_WARRANT = abandon_warrant.tag
ADMIT_APPLICATION = admit_application.tag
AGREE_TO_CLUSTER = agree_to_cluster.tag
AMEND_CHARTER = amend_charter.tag
CHANGE_MODE = change_mode.tag
CREATE_SLOT = create_slot.tag
DESTROY_KEYS = destroy_keys.tag
DRILL_BACKUP_KEY = drill_backup_key.tag
ENROL_NODE = enrol_node.tag
EXTEND_APPLICATION = extend_application.tag
EXTEND_ZONE = extend_zone.tag
EXPORT_LOG = export_log.tag
FORM_CLUSTER = form_cluster.tag
FOUND_ZONE = found_zone.tag
GENERATE_KEYS = generate_keys.tag
IMPORT_BACKUP_KEY = import_backup_key.tag
JOIN_CLUSTER = join_cluster.tag
LEAVE_CLUSTER = leave_cluster.tag
RECOVER_CHARTER = recover_charter.tag
REINSTATE_TOKEN = reinstate_token.tag
REMOVE_APPLICATION = remove_application.tag
RESHARE_BACKUP_KEY = reshare_backup_key.tag
RESTORE_BACKUP = restore_backup.tag
RESUME_APPLICATION = resume_application.tag
ROTATE_BACKUP_KEY = rotate_backup_key.tag
ROTATE_KEYS = rotate_keys.tag
MAKE_KEYS = frozenset({GENERATE_KEYS, ROTATE_KEYS})
SHARE_BACKUP_KEY = share_backup_key.tag
SIGN_STATEMENT = sign_statement.tag
START_SERVICE = start_service.tag
TAKE_BACKUP = take_backup.tag
VERIFY_BACKUP = verify_backup.tag
WITHDRAW_ZONE = withdraw_zone.tag

CHANGE_CHARTERS = frozenset({AMEND_CHARTER, RECOVER_CHARTER})
"""What puts the next version of a charter into force."""
MAKE_SLOTS = frozenset({CREATE_SLOT, EXTEND_ZONE, IMPORT_BACKUP_KEY})
"""What a node carries out only with the founding of the zone as evidence."""
CHANGE_CLUSTERS = frozenset({FORM_CLUSTER, JOIN_CLUSTER, LEAVE_CLUSTER, CHANGE_MODE})
"""What gives a cluster its next state."""
