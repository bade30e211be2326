/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.integration.quickstart.Quickstart;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.tribuo.LoraModel;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.util.SerializationUtils;

/**
 * No class of any module reads a file in a way that lets the file choose which classes are made.
 *
 * <p>The list is what the calls within the jars of ND4J and Deeplearning4j 1.0.0-M2.1, Tribuo 4.3.2 and OLCUT 5.3.1 show to
 * lead to {@link ObjectInputStream}, walked backwards from it; read it anew when one of them changes. Calls through interfaces
 * are not seen so: Tribuo's own reading of metadata is one of them, see docs/security.md.
 */
abstract class StrangersFilesTest {

    private static final JavaClasses MAIN = MainClasses.ALL;

    /** Calls that lead to objects of classes that a file names, and why. */
    private enum Door {
        STREAMS("java.io.ObjectInputStream", ".*", "is the stream itself"),
        BEANS("java.beans.XMLDecoder", ".*", "calls what the file says"),
        SERIALIZER(
                "org.deeplearning4j.util.ModelSerializer",
                "restore.*|getObjectFromFile",
                "preprocessor.bin and others"),
        NETWORK("org.deeplearning4j.nn.multilayer.MultiLayerNetwork", "load|readObject", "calls ModelSerializer"),
        GRAPH("org.deeplearning4j.nn.graph.ComputationGraph", "load|readObject", "calls ModelSerializer"),
        GUESSER("org.deeplearning4j.util.ModelGuesser", ".*", "calls ModelSerializer"),
        LISTENER("org.deeplearning4j.optimize.listeners.CheckpointListener", "load.*", "calls ModelSerializer"),
        SAVERS("org.deeplearning4j.earlystopping.saver.LocalFile.*", "get.*|load", "call ModelSerializer"),
        UTILITY("org.nd4j.common.util.SerializationUtils", "deserialize|fromByteArray|readObject", "reads objects"),
        DATA("org.nd4j.linalg.dataset.(Multi)?DataSet", "load", "reads metadata of examples as objects"),
        MINIBATCHES("org.nd4j.linalg.dataset.(BalanceMinibatches|ExistingMiniBatch.*)", ".*", "call DataSet.load"),
        CACHES("org.nd4j.linalg.dataset.api.iterator.cache.In.*Cache", "get", "call DataSet.load"),
        FILES(
                "org.deeplearning4j.datasets.iterator.(file.File.*|callbacks.DataSetDeserializer)",
                ".*",
                "call DataSet.load"),
        NORMALIZERS(
                "org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer",
                "restore.*",
                "makes a strategy of the class that the file names"),
        OLCUT_FILES("com.oracle.labs.mlrg.olcut.util.IOUtil", "deserialize|getObjectInputStream", "reads objects"),
        OLCUT(
                "com.oracle.labs.mlrg.olcut.config.(ConfigurationManager|SerializedObject|PropertySheet)",
                ".*",
                "reads objects"),
        TRIBUO("org.tribuo..*(Explorer|DataOptions|TrainTest(Helper)?)", ".*", "read models as objects"),
        LIBLINEAR(
                "org.tribuo.classification.liblinear.LibLinearClassificationModel",
                "deserializeFromProto",
                "reads objects"),
        MODELS(
                "org.tribuo.Model",
                "deserialize(FromFile|FromStream)?",
                "makes the class that the file names, LibLinear's among others");

        private final Pattern owner;
        private final Pattern method;
        private final String reason;

        Door(String owner, String method, String reason) {
            this.owner = Pattern.compile(owner);
            this.method = Pattern.compile(method);
            this.reason = reason;
        }

        private boolean isOpenedBy(JavaCall<?> call) {
            return method.matcher(call.getName()).matches()
                    && (owner.matcher(call.getTargetOwner().getName()).matches()
                            || call.getTargetOwner().getAllRawSuperclasses().stream()
                                    .anyMatch(parent ->
                                            owner.matcher(parent.getName()).matches()));
        }
    }

    private static final DescribedPredicate<JavaCall<?>> OPENS_A_DOOR = describe(
            "calls "
                    + Arrays.stream(Door.values())
                            .map(door -> door.owner + ", which " + door.reason)
                            .toList(),
            call -> Arrays.stream(Door.values()).anyMatch(door -> door.isOpenedBy(call)));

    private static final ArchRule NO_DOOR = noClasses().should().callCodeUnitWhere(OPENS_A_DOOR);

    private static final ArchRule ONE_READER_OF_GRAPHS = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(SameDiffFile.class.getName())
            .should()
            .callCodeUnitWhere(describe(
                    "reads a flat buffer, which ND4J follows outside of its memory",
                    call -> call.getTargetOwner().isEquivalentTo(SameDiff.class)
                            && call.getName().matches("load|fromFlat(File|Buffers)")));

    /** Who opens files, and why beside {@link org.lora4j.internal.format.file.RegularFile}. */
    private enum Opens {
        REGULAR_FILE("org.lora4j.internal.format.file.RegularFile", "refuses what is no regular file first"),
        WHOLE_FILE("org.lora4j.internal.format.file.WholeFile", "forces what it wrote to the disk"),
        WRITE_LOCK("org.lora4j.internal.format.file.WriteLock", "makes the file that stands for a lock"),
        SPILL_FILE("org.lora4j.internal.cache.SpillFile", "makes a file of its own, and deletes it"),
        TRIBUO_GRAPH("org.lora4j.tribuo.base.GraphBytes", "asks whether the file is a regular one"),
        TRIBUO_KIND("org.lora4j.tribuo.base.BaseKind", "asks whether the file is a regular one"),
        TRIBUO_ADAPTER("org.lora4j.tribuo.SavedAdapter", "asks whether the file is a regular one"),
        TRIBUO_MODEL("org.lora4j.tribuo.ModelProtos", "reads files of its own that it has just written");

        private final String name;
        private final String reason;

        Opens(String name, String reason) {
            this.name = name;
            this.reason = reason;
        }
    }

    /** Calls of the JDK, and of Jackson, that open a file to read it: a pipe or a device would make each of them wait for ever. */
    private static boolean opensAFile(JavaCall<?> call) {
        String owner = call.getTargetOwner().getName();
        String name = call.getName();
        List<String> parameters = call.getTarget().getRawParameterTypes().stream()
                .map(JavaClass::getName)
                .toList();
        boolean givenAFile = parameters.contains(File.class.getName()) || parameters.contains(Path.class.getName());
        return switch (owner) {
            case "java.nio.file.Files" ->
                name.matches("new(InputStream|ByteChannel|BufferedReader)|readAll.*|readString|lines|mismatch")
                        || name.equals("copy") && parameters.get(0).equals(Path.class.getName());
            case "java.nio.channels.FileChannel", "java.nio.channels.AsynchronousFileChannel" -> name.equals("open");
            case "java.io.FileInputStream", "java.io.FileReader", "java.io.RandomAccessFile" ->
                name.equals(JavaConstructor.CONSTRUCTOR_NAME);
            case "java.util.Scanner", "java.util.zip.ZipFile", "java.util.jar.JarFile", "javax.imageio.ImageIO" ->
                givenAFile;
            default -> owner.startsWith("com.fasterxml.jackson.") && givenAFile;
        };
    }

    private static final ArchRule ONE_OPENER_OF_FILES = noClasses()
            .that(describe(
                    "are none of "
                            + Arrays.stream(Opens.values())
                                    .map(one -> one.name + ", which " + one.reason)
                                    .toList(),
                    type -> Arrays.stream(Opens.values())
                            .noneMatch(one -> type.getName().equals(one.name)
                                    || type.getName().startsWith(one.name + "$"))))
            .and()
            .resideOutsideOfPackages("org.lora4j.integration..", "org.lora4j.examples..")
            .should()
            .callCodeUnitWhere(describe(
                    "opens a file to read it, whatever stands in its place; RegularFile does so for all",
                    StrangersFilesTest::opensAFile));

    /** Opens some of the doors, to see that the rules notice. */
    private static final class Opener {

        Object open(File file) throws IOException, ClassNotFoundException {
            return new ObjectInputStream(new ByteArrayInputStream(new byte[0])).readObject();
        }

        Object openBySerializer(File file) throws IOException {
            return ModelSerializer.restoreMultiLayerNetwork(file);
        }

        Object openByNetwork(File file) throws IOException {
            return MultiLayerNetwork.load(file, false);
        }

        Object openByUtility(File file) {
            return SerializationUtils.readObject(file);
        }

        Object openGraph(File file) {
            return SameDiff.load(file, false);
        }
    }

    @Test
    void noFile_choosesTheClassesThatAreMadeOfIt() {
        NO_DOOR.check(MAIN);
    }

    @Test
    void filesOfSameDiff_areReadInOnePlace() {
        ONE_READER_OF_GRAPHS.check(MAIN);
    }

    @Test
    void filesOfCallers_areOpenedInOnePlace() {
        ONE_OPENER_OF_FILES.check(MAIN);
    }

    @Test
    void everyOpenerOfFiles_isThere() {
        assertThat(Arrays.stream(Opens.values()).map(one -> one.name))
                .allMatch(name -> MAIN.contain(name), "is a class that opens a file");
    }

    @Test
    void ruleForFiles_seesEveryWayToOpenOne() {
        JavaClasses opener = new ClassFileImporter().importClasses(FileOpener.class);
        JavaClass type = opener.get(FileOpener.class);
        long found = Stream.concat(type.getMethodCallsFromSelf().stream(), type.getConstructorCallsFromSelf().stream())
                .filter(StrangersFilesTest::opensAFile)
                .count();

        assertThat(found).isEqualTo(8);
    }

    /** Opens files in ways that the rule must see: eight, and one that is none. */
    private static final class FileOpener {

        void open(Path file, File old) throws IOException {
            Files.newInputStream(file).close();
            Files.newByteChannel(file).close();
            Files.readAllBytes(file);
            Files.readString(file);
            Files.copy(file, file);
            FileChannel.open(file).close();
            new FileInputStream(old).close();
            new RandomAccessFile(old, "r").close();
            Files.copy(new ByteArrayInputStream(new byte[0]), file);
        }
    }

    @Test
    void classes_areThoseOfAllModules() {
        assertThat(Stream.of(Lora.class, LoraModel.class, Quickstart.class).allMatch(c -> MAIN.contain(c)))
                .isTrue();
    }

    @Test
    void rules_seeWhatOpensADoor() {
        JavaClasses opener = new ClassFileImporter().importClasses(Opener.class);

        assertThat(NO_DOOR.evaluate(opener).getFailureReport().getDetails()).hasSize(5);
        assertThat(ONE_READER_OF_GRAPHS.evaluate(opener).getFailureReport().getDetails())
                .hasSize(1);
    }
}
