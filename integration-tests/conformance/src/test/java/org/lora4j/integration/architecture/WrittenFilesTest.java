/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.tribuo.LoraModel;

/**
 * Files of callers are written, replaced, moved and removed by one package, where that is done whole or not at all: {@code
 * WholeFile}, {@code StagedFiles} and {@code StagedDirectory}. To make a folder is no danger, and free to all.
 */
abstract class WrittenFilesTest {

    private static final JavaClasses MAIN = MainClasses.ALL;

    private static final String WRITERS = "org.lora4j.internal.format.file";

    /** Who else may, and why. */
    private static final Map<String, String> OTHERS = Map.of(
            "org.lora4j.cli.AdapterOutput", "gives a whole export its name",
            "org.lora4j.cli.Terminal", "the terminal is a file",
            "org.lora4j.cli.TrainingInProgress", "removes what is left of a training that is over",
            "org.lora4j.internal.cache.SpillFile", "a file of its own, which nobody reads after it",
            "org.lora4j.internal.checkpoint.CheckpointFolder", "removes old checkpoints when a new one is whole",
            "org.lora4j.tribuo.base.BaseKind", "a temporary file for a reader",
            "org.lora4j.tribuo.ModelProtos", "a temporary folder for a reader",
            "org.lora4j.tribuo.Folders", "removes temporary folders");

    private static final Pattern CHANGES = Pattern.compile(
            "write|writeString|newOutputStream|newBufferedWriter|move|create(File|Temp\\w+|\\w*Link)|delete(IfExists)?|set\\w+");

    private static final Pattern CHANGES_OF_FILE =
            Pattern.compile("delete(OnExit)?|renameTo|create(NewFile|TempFile)|set\\w+");

    private static boolean isWriter(JavaClass type) {
        String name = type.getName().replaceFirst("\\$.*", "");
        return type.getPackageName().equals(WRITERS)
                || OTHERS.containsKey(name)
                || name.startsWith("org.lora4j.examples.")
                || name.startsWith("org.lora4j.integration.") && !name.endsWith(".WrittenFilesTest");
    }

    private static boolean changes(JavaCall<?> call) {
        JavaClass owner = call.getTargetOwner();
        List<JavaClass> parameters = call.getTarget().getRawParameterTypes();
        if (owner.isEquivalentTo(Files.class)) {
            return CHANGES.matcher(call.getName()).matches()
                    || call.getName().equals("copy") && parameters.get(1).isEquivalentTo(Path.class);
        }
        if (owner.isEquivalentTo(File.class)) {
            return CHANGES_OF_FILE.matcher(call.getName()).matches();
        }
        boolean writesFile = owner.isAssignableTo(FileOutputStream.class)
                || owner.isAssignableTo(RandomAccessFile.class)
                || owner.isAssignableTo("java.io.FileWriter")
                || owner.isAssignableTo("java.io.PrintWriter") && !parameters.isEmpty() && isFile(parameters.get(0));
        // Of ND4J, Deeplearning4j, ImageIO and others.
        boolean savesFile = call.getName().matches("save\\w*|write\\w*|asFlatFile|export\\w*")
                && !owner.getPackageName().startsWith("org.lora4j")
                && parameters.stream().anyMatch(type -> type.isEquivalentTo(File.class));
        return call.getName().equals("<init>") && writesFile || savesFile;
    }

    private static boolean isFile(JavaClass type) {
        return type.isEquivalentTo(File.class) || type.isEquivalentTo(String.class);
    }

    private static final DescribedPredicate<JavaCall<?>> CHANGES_A_FILE =
            describe("writes, moves or removes a file", WrittenFilesTest::changes);

    private static final DescribedPredicate<JavaClass> NO_WRITER =
            describe("are not of " + WRITERS + " and none of " + OTHERS.keySet(), type -> !isWriter(type));

    private static final ArchRule ONE_WRITER = noClasses()
            .that(NO_WRITER)
            .should()
            .callCodeUnitWhere(CHANGES_A_FILE)
            .because("what is half written is no file: use WholeFile, StagedFiles or StagedDirectory");

    private static final ArchRule NO_CHANNEL_TO_WRITE = noClasses()
            .that(NO_WRITER)
            .should()
            .accessFieldWhere(describe(
                    "opens a file to write",
                    access -> access.getTargetOwner().isEquivalentTo(StandardOpenOption.class)
                            && access.getName().matches("WRITE|APPEND|CREATE|CREATE_NEW|TRUNCATE_EXISTING")));

    /** Writes in several ways, to see that the rules notice. */
    private static final class Writer {

        void write(Path path) throws IOException {
            Files.write(path, new byte[1]);
            Files.copy(path, path);
            Files.move(path, path, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(path);
        }

        void writeOld(File file) throws IOException {
            new FileOutputStream(file).close();
            new RandomAccessFile(file, "rw").close();
            file.renameTo(file);
        }

        void writeChannel(Path path) throws IOException {
            FileChannel.open(path, StandardOpenOption.WRITE).close();
        }

        void writeNetwork(MultiLayerNetwork network, File file) throws IOException {
            network.save(file);
        }
    }

    @Test
    void files_areWrittenInOnePlace() {
        ONE_WRITER.check(MAIN);
    }

    @Test
    void channels_areOpenedToWriteInOnePlace() {
        NO_CHANNEL_TO_WRITE.check(MAIN);
    }

    @Test
    void classes_areThoseOfBothModules_andEveryExceptionIsThere() {
        assertThat(MAIN.contain(Lora.class) && MAIN.contain(LoraModel.class)).isTrue();
        assertThat(OTHERS.keySet()).allMatch(MAIN::contain);
    }

    @Test
    void rules_seeWhatWrites() {
        JavaClasses writer = new ClassFileImporter().importClasses(Writer.class);

        assertThat(ONE_WRITER.evaluate(writer).getFailureReport().getDetails()).hasSize(8);
        assertThat(NO_CHANNEL_TO_WRITE.evaluate(writer).getFailureReport().getDetails())
                .hasSize(1);
    }
}
