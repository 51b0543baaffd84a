package holdfast.machine.core;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.config.MachineDefinition;
import java.util.Map;

/**
 * The migrations of a machine as an operator's commands reach them: in the folders alone in which
 * such commands may name files.
 */
record ConfinedMigration(MigrationAdmin migration, Machine machine) implements MigrationAdmin {
  private MonitorFolders folders() {
    return MonitorFolders.of(MachineDefinition.monitorFolders(machine.spec().machine()));
  }

  private void require(String address) throws RefusedException {
    for (String beginning : MigrationWords.FILES) {
      if (address.startsWith(beginning)) {
        folders().require(address, address.substring(beginning.length()));
      }
    }
  }

  @Override
  public MigrationStatus status() {
    return migration.status();
  }

  @Override
  public void migrate(String address) throws AdminException {
    require(address);
    migration.migrate(address);
  }

  @Override
  public void listen(String address) throws AdminException {
    require(address);
    migration.listen(address);
  }

  @Override
  public void cancel() {
    migration.cancel();
  }

  @Override
  public MigrationParameters parameters() {
    return migration.parameters();
  }

  @Override
  public void setParameters(Map<String, String> changes) throws InvalidRequestException {
    String folder = changes.getOrDefault(MigrationWords.TLS_FOLDER, "");
    if (!folder.isEmpty()) {
      try {
        folders().require(MigrationWords.TLS_FOLDER + "=" + folder, folder);
      } catch (RefusedException e) {
        throw new InvalidRequestException(e);
      }
    }
    migration.setParameters(changes);
  }

  @Override
  public void decide(Decision decision, String proof) throws AdminException {
    migration.decide(decision, proof);
  }
}
