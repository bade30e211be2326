/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;

/** Files of strangers: refused with the file's name, and nothing of theirs is made or run. */
class HostileNetworkFileTest {

    private static final String CONFIGURATION = "configuration.json";
    private static final String COEFFICIENTS = "coefficients.bin";
    private static final String UPDATER = "updaterState.bin";

    /** The parameters of {@link Networks#mlp}: 4 · 6 + 6, 6 · 5 + 5, 5 · 3 + 3. */
    private static final int PARAMETERS = 83;

    @TempDir
    private Path folder;

    private Path good;
    private ZipEntries entries;

    @BeforeEach
    void saveANetwork() throws IOException {
        good = folder.resolve("good.zip");
        MultiLayerNetwork network = Networks.mlp();
        network.fit(normal(5, 4), classes(5, 3));
        ModelSerializer.writeModel(network, good.toFile(), true);
        entries = ZipEntries.of(good);
    }

    private Path bad() throws IOException {
        return entries.write(folder.resolve("bad.zip"));
    }

    private void assertRefused(String... parts) throws IOException {
        Path bad = bad();
        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(bad))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(bad.toString())
                .hasMessageContainingAll(parts);
    }

    /** What a stranger would like to have made. */
    public static final class Gadget extends ActivationReLU {

        private static final long serialVersionUID = 1;
        static final AtomicInteger MADE = new AtomicInteger();

        /** Counts. */
        public Gadget() {
            MADE.incrementAndGet();
        }
    }

    private static String withGadget(String json, String name) {
        return json.replaceFirst("org\\.nd4j\\.linalg\\.activations\\.impl\\.ActivationTanH", name.replace("$", "\\$"));
    }

    @Test
    void classThatIsNotOfNetworks_isNamed_andNeverMade() throws IOException {
        String name = Gadget.class.getName();
        entries.edit(CONFIGURATION, json -> withGadget(json, name));
        int before = Gadget.MADE.get();

        assertRefused(
                "the class \"" + name + "\" at confs[0].layer.activationFn is none that networks are made of",
                "allowing(TheClass.class)");

        assertThat(Gadget.MADE.get()).isEqualTo(before);
        ModelSerializer.restoreMultiLayerNetwork(folder.resolve("bad.zip").toFile());
        assertThat(Gadget.MADE.get()).as("the stock reader makes it").isGreaterThan(before);
    }

    @Test
    void classThatTheCallerNames_isMade() throws IOException {
        entries.edit(CONFIGURATION, json -> withGadget(json, Gadget.class.getName()));

        MultiLayerNetwork read = NetworkFile.of(bad()).allowing(Gadget.class).multiLayerNetwork();

        assertThat(read.getLayer(0).conf().getLayer().toString()).isNotEmpty();
        assertThat(values(read.params()))
                .isEqualTo(values(NetworkFile.readMultiLayerNetwork(good).params()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "javax.swing.JEditorPane",
                "org.nd4j.linalg.activationsEvil.X",
                "org.nd4j.linalg.activations.impl.ActivationTanH<java.lang.Runtime>",
                "[Lorg.nd4j.linalg.activations.impl.ActivationTanH;",
                "org.nd4j.linalg.activations../java.Evil",
                ""
            })
    void nameOfAClass_inAnyOtherForm_isRefused(String name) throws IOException {
        entries.edit(CONFIGURATION, json -> withGadget(json, name));

        assertRefused("the class \"" + name + "\"");
    }

    @Test
    void nameOfAClass_isFoundBehindEscapes_andWhereDistributionsHaveIt() throws IOException {
        entries.edit(
                CONFIGURATION,
                json -> json.replaceFirst(
                        "\"iterationCount\"",
                        "\"a\" : { \"\\\\u0040class\" : \"evil.A\" }, \"b\" : [ { \"type\" : \"evil.B\" } ],"
                                + " \"iterationCount\""));

        assertRefused("2 problems", "\"evil.A\" at confs[0].a", "\"evil.B\" at confs[0].b[0]");
    }

    @Test
    void allClasses_areListedAtOnce() throws IOException {
        entries.edit(CONFIGURATION, json -> json.replace("org.nd4j.linalg", "evil"));

        assertRefused(
                "4 problems",
                "\"evil.activations.impl.ActivationTanH\" at confs[0].layer.activationFn",
                "\"evil.learning.config.Adam\" at confs[0].layer.iupdater",
                "\"evil.activations.impl.ActivationSoftmax\" at confs[2].layer.activationFn",
                "\"evil.lossfunctions.impl.LossMCXENT\" at confs[2].layer.lossFn");
    }

    /** A preprocessor of data that does something when it is read by Java deserialization. */
    public static final class Bomb implements DataSetPreProcessor, Serializable {

        private static final long serialVersionUID = 1;
        static final AtomicInteger READ = new AtomicInteger();

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            READ.incrementAndGet();
        }

        @Override
        public void preProcess(DataSet data) {
            throw new AssertionError("not to be run");
        }
    }

    @Test
    void serializedObject_isNotRead() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new Bomb());
        }
        entries.put("preprocessor.bin", bytes.toByteArray());
        Path bad = bad();
        int before = Bomb.READ.get();

        NetworkFile.readMultiLayerNetwork(bad);

        assertThat(Bomb.READ.get()).isEqualTo(before);
        ModelSerializer.restoreMultiLayerNetwork(bad.toFile());
        assertThat(Bomb.READ.get()).as("the stock reader reads it").isGreaterThan(before);
    }

    @Test
    void fileThatIsNoZip_isRefused() throws IOException {
        for (byte[] bytes : List.of(new byte[0], new byte[] {'P'}, "PK but no zip".getBytes(StandardCharsets.UTF_8))) {
            Path file = Files.write(folder.resolve("text.zip"), bytes);

            assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(file))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageStartingWith(file + ": ")
                    .hasMessageContaining("zip");
        }
    }

    @Test
    void zipOfSomethingElse_isRefused_withWhatItHolds() throws IOException {
        entries.remove(CONFIGURATION).remove(COEFFICIENTS).put("photos/a.jpg", new byte[3]);

        assertRefused(
                "has no entry \"configuration.json\", \"coefficients.bin\" among \"updaterState.bin\", \"photos/a.jpg\"",
                "zip of something else");
    }

    static List<Arguments> configurations() {
        return List.of(
                Arguments.of("[]", "neither the list \"confs\""),
                Arguments.of("{}", "neither the list \"confs\""),
                Arguments.of("{\"confs\": [], \"vertices\": {}}", "both"),
                Arguments.of("{\"confs\": [", "not valid JSON"),
                Arguments.of("{\"confs\": [], \"confs\": []}", "not valid JSON: Duplicate field"),
                Arguments.of("{\"confs\": []} {}", "not valid JSON"),
                Arguments.of("{\"confs\": " + "[".repeat(5000) + "]".repeat(5000) + "}", "not valid JSON"),
                Arguments.of("{\"confs\": []}", "has 83 numbers; expected 0"),
                Arguments.of("{\"confs\": [{}]}", "no network can be made of it"),
                Arguments.of("{\"confs\": [null]}", "no network can be made of it"),
                Arguments.of(
                        "{\"confs\": [], \"boundingBoxes\": {\"dataBuffer\": [1], \"numElements\": 2000000000}}",
                        "of an old form"),
                Arguments.of(
                        "{\"confs\": [], \"weights\": {\"shape\": [100000, 100000], \"data\": [1]}}",
                        "of shape [100000,100000] has 1 elements"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("configurations")
    void configurationOfNoNetwork_isRefused(String json, String expected) throws IOException {
        entries.put(CONFIGURATION, json.getBytes(StandardCharsets.UTF_8));

        assertRefused(expected);
    }

    @Test
    void configurationInAnotherCharset_isRefused() throws IOException {
        entries.put(CONFIGURATION, new byte[] {'{', (byte) 0xE4, '}'});

        assertRefused("configuration.json: is not UTF-8 text");
    }

    private static byte[] array(String allocation, long[] shapeInfo, String type, long length, int bytes)
            throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(all);
        out.writeUTF(allocation);
        out.writeLong(shapeInfo.length);
        out.writeUTF("LONG");
        for (long number : shapeInfo) {
            out.writeLong(number);
        }
        out.writeUTF("MIXED_DATA_TYPES");
        out.writeLong(length);
        out.writeUTF(type);
        out.write(new byte[bytes]);
        return all.toByteArray();
    }

    private static long[] row(long length) {
        return new long[] {2, 1, length, length, 1, 0, 1, 99};
    }

    static List<Arguments> arrays() throws IOException {
        String now = "MIXED_DATA_TYPES";
        int bytes = PARAMETERS * 8;
        long huge = Long.MAX_VALUE;
        return List.of(
                Arguments.of(new byte[0], "ends within the head"),
                Arguments.of(new byte[] {0, 40, 'M'}, "ends within the head"),
                Arguments.of(array("HEAP", row(83), "DOUBLE", 83, bytes), "format before 1.0.0-beta"),
                Arguments.of(array("EVIL", row(83), "DOUBLE", 83, bytes), "begins its shape with \"EVIL\""),
                Arguments.of(array(now, row(83), "UTF8", 83, bytes), "elements of type \"UTF8\""),
                Arguments.of(array(now, row(83), "COMPRESSED", 83, bytes), "elements of type \"COMPRESSED\""),
                Arguments.of(array(now, new long[300], "DOUBLE", 83, bytes), "a shape of 300 numbers"),
                Arguments.of(array(now, new long[0], "DOUBLE", 83, bytes), "a shape of 0 numbers"),
                Arguments.of(array(now, new long[] {5, 0, 1, 99}, "DOUBLE", 83, bytes), "rank 5 in 4 numbers"),
                Arguments.of(array(now, row(82), "DOUBLE", 83, bytes), "83 elements of shape [1, 82]"),
                Arguments.of(array(now, row(huge), "DOUBLE", huge, bytes), "has 664 bytes of elements; expected 922"),
                Arguments.of(array(now, row(-1), "DOUBLE", -1, bytes), "-1 elements"),
                Arguments.of(array(now, row(83), "FLOAT", 83, bytes), "expected 83 of type FLOAT"),
                Arguments.of(array(now, row(83), "DOUBLE", 83, bytes - 1), "has 663 bytes of elements; expected 83"),
                Arguments.of(array(now, row(83), "DOUBLE", 83, bytes + 8), "has 672 bytes of elements; expected 83"),
                Arguments.of(
                        array(now, row(82), "DOUBLE", 82, bytes - 8),
                        "coefficients.bin: has 82 numbers; expected 83 by the configuration"),
                Arguments.of(
                        array(now, row(84), "DOUBLE", 84, bytes + 8),
                        "coefficients.bin: has 84 numbers; expected 83 by the configuration"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("arrays")
    void coefficientsOfAnotherLengthOrForm_areRefused(byte[] bytes, String expected) throws IOException {
        entries.put(COEFFICIENTS, bytes);

        assertRefused(expected);
    }

    @Test
    void memoryOfAnotherUpdater_isRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Nd4j.write(normal(1, PARAMETERS), new DataOutputStream(bytes));
        entries.put(UPDATER, bytes.toByteArray());

        assertRefused("updaterState.bin: has 83 numbers; expected 166 by the configuration");
    }

    @Test
    void markerOfNoParameters_whereThereAreSome_isRefused() throws IOException {
        entries.put(COEFFICIENTS, new byte[0]).put("noParams.marker", new byte[0]);

        assertRefused("has 0 numbers; expected 83");
    }

    @Test
    void configurationThatAsksForMoreThanTheFileHas_allocatesNothing() throws IOException {
        entries.edit(CONFIGURATION, json -> json.replaceFirst("\"nout\" : 6", "\"nout\" : 2000000000"));

        assertRefused("has 83 numbers; expected 10000000053 by the configuration");
    }

    @Test
    void sizesThatOverflow_areRefused() throws IOException {
        entries.edit(
                CONFIGURATION,
                json -> json.replaceFirst("\"nout\" : 6", "\"nout\" : 9000000000000000000")
                        .replaceFirst("\"nin\" : 4", "\"nin\" : 9000000000000000000"));

        assertRefused("configuration");
    }

    @Test
    void entryThatUnpacksToFarMoreThanTheFile_isRefusedBeforeItIsUnpacked() throws IOException {
        // A gigabyte of zeros takes a megabyte.
        byte[] zeros = new byte[1 << 20];
        Path bomb = folder.resolve("bomb.zip");
        try (var out = new java.util.zip.ZipOutputStream(Files.newOutputStream(bomb))) {
            out.putNextEntry(new java.util.zip.ZipEntry(CONFIGURATION));
            out.write(entries.get(CONFIGURATION));
            out.putNextEntry(new java.util.zip.ZipEntry(COEFFICIENTS));
            for (int i = 0; i < 300; i++) {
                out.write(zeros);
            }
        }

        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(bomb))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(bomb.toString())
                .hasMessageContaining("coefficients.bin: unpacks to 314572800 bytes; expected at most");
    }

    @Test
    void limitOfTheCaller_isKept() {
        assertThatThrownBy(() -> NetworkFile.of(good).unpackingTo(1000).multiLayerNetwork())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("expected at most 1000 of a file of")
                .hasMessageContaining("unpackingTo");
    }

    @Test
    void truncatedFile_isRefused_atEveryLength() throws IOException {
        byte[] bytes = Files.readAllBytes(good);
        for (int length = 0; length < bytes.length; length += 97) {
            Path cut = Files.write(folder.resolve("cut.zip"), Arrays.copyOf(bytes, length));

            assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(cut))
                    .as("cut at %s", length)
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageStartingWith(cut.toString());
        }
    }

    @Test
    void changedElement_isNoticedByItsChecksum() throws IOException {
        byte[] bytes = Files.readAllBytes(stored());
        int at = indexOf(
                bytes, ByteBuffer.allocate(8).putDouble(firstParameter()).array());
        bytes[at + 7] ^= 1;
        Path bad = Files.write(folder.resolve("bad.zip"), bytes);

        assertThatThrownBy(() -> NetworkFile.readMultiLayerNetwork(bad))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("entry \"coefficients.bin\" has the checksum");
    }

    private double firstParameter() throws IOException {
        return NetworkFile.readMultiLayerNetwork(good).params().getDouble(0);
    }

    /** The same network in a zip without compression. */
    private Path stored() throws IOException {
        Path file = folder.resolve("stored.zip");
        try (var out = new java.util.zip.ZipOutputStream(Files.newOutputStream(file))) {
            out.setLevel(0);
            for (var entry : entries.all().entrySet()) {
                out.putNextEntry(new java.util.zip.ZipEntry(entry.getKey()));
                out.write(entry.getValue());
            }
        }
        return file;
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        for (int at = 0; ; at++) {
            if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
    }

    @Test
    void randomChanges_areReadOrRefused() throws IOException {
        byte[] plain = Files.readAllBytes(stored());
        byte[] packed = Files.readAllBytes(good);
        SplittableRandom random = RandomStreams.of(7, "changes");
        int refused = 0;
        for (int i = 0; i < 200; i++) {
            byte[] bytes = (i % 2 == 0 ? plain : packed).clone();
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            refused += isRefused(Files.write(folder.resolve("changed.zip"), bytes), i) ? 1 : 0;
        }
        assertThat(refused).isGreaterThan(150);
    }

    /** Changes within the text of the configuration, past the checksum. */
    @Test
    void randomChangesOfTheConfiguration_areReadOrRefused() throws IOException {
        byte[] json = entries.get(CONFIGURATION);
        SplittableRandom random = RandomStreams.of(8, "changes");
        for (int i = 0; i < 100; i++) {
            byte[] bytes = json.clone();
            int at = random.nextInt(bytes.length);
            int length = random.nextInt(1, 12);
            for (int j = at; j < Math.min(at + length, bytes.length); j++) {
                bytes[j] = random.nextBoolean() ? (byte) ('0' + random.nextInt(10)) : (byte) random.nextInt(32, 127);
            }
            entries.put(CONFIGURATION, bytes);
            isRefused(bad(), i);
        }
    }

    private static boolean isRefused(Path file, int change) {
        try {
            NetworkFile.of(file).network();
            return false;
        } catch (ModelFormatException e) {
            assertThat(e).as("change %s", change).hasMessageStartingWith(file.toString());
            return true;
        } catch (IOException | RuntimeException e) {
            throw new AssertionError("change " + change + " of " + file + " ended in another exception", e);
        }
    }
}
