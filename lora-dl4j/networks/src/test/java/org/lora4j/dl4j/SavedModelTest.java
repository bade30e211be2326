/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.dataset.DataSet;

/** Models saved whole: {@link AdaptedNetwork#save} and what reads it. */
class SavedModelTest {

    private static final String STATE = "lora4j/state.json";
    private static final String NAME = "mein_Ad\u00e4pter 1";
    private static final String FOLDER = "lora4j/adapters/" + NAME + "/";

    @TempDir
    private static Path once;

    @TempDir
    private Path folder;

    /** The file of a trained model, for tests that damage it. */
    @BeforeAll
    static void saveATrainedModel() throws IOException {
        trained().save(once.resolve("trained.zip"));
    }

    private static ZipEntries saved() throws IOException {
        return ZipEntries.of(once.resolve("trained.zip"));
    }

    private Path zip() {
        return folder.resolve("model.zip");
    }

    private static DataSet batch() {
        return new DataSet(normal(6, 4), classes(6, 3));
    }

    private static LoraConfig.Builder targets(String... names) {
        return LoraConfig.builder().rank(2).alpha(3).targetModules(names);
    }

    /** Three adapters of which the first was removed, two trained in turn, one of them with the head and with dropout. */
    private static AdaptedNetwork<MultiLayerNetwork> trained() {
        MultiLayerNetwork base = Networks.mlp();
        base.fit(batch());
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc1").build(), 1);
        model.activate();
        model.removeAdapter("default");
        model.addAdapter(NAME, targets("fc1").dropout(0.3).modulesToSave("head").build(), 2);
        model.addAdapter("b", targets("fc1", "fc2").build(), 3);
        model.activate(NAME, "b");
        model.network().fit(batch());
        model.network().fit(batch());
        model.setTrainable("b", false);
        model.network().fit(batch());
        return model;
    }

    @Test
    void loadedModel_isTheSavedOne_inEveryBit() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();

        model.save(zip());
        AdaptedNetwork<MultiLayerNetwork> loaded = NetworkFile.of(zip()).adaptedMultiLayerNetwork();

        assertThat(loaded.adapterNames()).containsExactly(NAME, "b");
        assertThat(loaded.activeAdapters()).containsExactly(NAME, "b");
        assertThat(loaded.isTrainable(NAME)).isTrue();
        assertThat(loaded.isTrainable("b")).isFalse();
        assertThat(loaded.adapter(NAME)).isEqualTo(model.adapter(NAME));
        assertThat(loaded.adapter("b")).isEqualTo(model.adapter("b"));
        assertThat(values(loaded.base().params())).isEqualTo(values(model.base().params()));
        assertThat(values(loaded.network().params()))
                .isEqualTo(values(model.network().params()));
        assertThat(values(loaded.network().output(normal(6, 4))))
                .isEqualTo(values(model.network().output(normal(6, 4))));
        assertThat(loaded.network().getIterationCount()).isEqualTo(4);
    }

    @Test
    void loadedModel_inLowMemory_learnsOnAsTheSavedOneWould() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        model.save(zip());
        AdaptedNetwork<MultiLayerNetwork> loaded =
                NetworkFile.of(zip()).in(MemoryMode.LOW_MEMORY).adaptedMultiLayerNetwork();

        model.network().fit(batch());
        loaded.network().fit(batch());

        assertThat(loaded.network().numParams()).isLessThan(model.network().numParams());
        assertThat(loaded.adapter(NAME)).isEqualTo(model.adapter(NAME));
        assertThat(values(loaded.network().output(normal(6, 4))))
                .isEqualTo(values(model.network().output(normal(6, 4))));
        loaded.save(zip());
        assertThat(NetworkFile.of(zip()).adaptedMultiLayerNetwork().adapter(NAME))
                .isEqualTo(model.adapter(NAME));
    }

    @Test
    void loadedModel_learnsOnAsTheSavedOneWould() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        model.save(zip());
        AdaptedNetwork<MultiLayerNetwork> loaded = NetworkFile.of(zip()).adaptedMultiLayerNetwork();

        // With dropout, Adam's moments of the factors and of the head, and its count of iterations.
        model.network().fit(batch());
        loaded.network().fit(batch());
        model.setTrainable("b", true);
        loaded.setTrainable("b", true);
        model.network().fit(batch());
        loaded.network().fit(batch());

        assertThat(values(loaded.network().params()))
                .isEqualTo(values(model.network().params()));
    }

    @Test
    void loadedModel_adoptsNetworksOfTheSavedOne() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        model.save(zip());
        AdaptedNetwork<MultiLayerNetwork> loaded = NetworkFile.of(zip()).adaptedMultiLayerNetwork();
        model.network().fit(batch());

        loaded.adopt(model.network().clone());

        assertThat(loaded.adapter(NAME)).isEqualTo(model.adapter(NAME));
    }

    @Test
    void stockReader_opensTheBase() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();

        model.save(zip());

        for (MultiLayerNetwork read : List.of(
                ModelSerializer.restoreMultiLayerNetwork(zip().toFile()), NetworkFile.readMultiLayerNetwork(zip()))) {
            assertThat(read.getLayerWiseConfigurations().toJson())
                    .isEqualTo(model.base().getLayerWiseConfigurations().toJson());
            assertThat(values(read.params())).isEqualTo(values(model.base().params()));
            assertThat(values(read.getUpdater().getStateViewArray()))
                    .isEqualTo(values(model.base().getUpdater().getStateViewArray()));
        }
    }

    @Test
    void namesBeyondAscii_survive_whateverTheCharsetOfThePlatform() throws IOException {
        MultiLayerNetwork base = Networks.mlp();
        base.getLayerWiseConfigurations().getConf(0).getLayer().setLayerName("Schicht \u00e4 \ud83d\ude00");
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), targets("fc2").build(), 1);

        model.save(zip());

        byte[] json = ZipEntries.of(zip()).get("configuration.json");
        assertThat(new String(json, StandardCharsets.ISO_8859_1)).contains("Schicht \\u00e4 \\ud83d\\ude00");
        assertThat(NetworkFile.readMultiLayerNetwork(zip())
                        .getLayer(0)
                        .conf()
                        .getLayer()
                        .getLayerName())
                .isEqualTo("Schicht \u00e4 \ud83d\ude00");
    }

    @Test
    void disabledModel_isLoadedDisabled() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        double[] adapted = values(model.network().output(normal(6, 4)));
        model.disable();

        model.save(zip());
        AdaptedNetwork<MultiLayerNetwork> loaded = NetworkFile.of(zip()).adaptedMultiLayerNetwork();

        assertThat(loaded.isEnabled()).isFalse();
        assertThat(loaded.network()).isSameAs(loaded.base());
        loaded.enable();
        assertThat(values(loaded.network().output(normal(6, 4)))).isEqualTo(adapted);
        assertThat(loaded.network().getIterationCount()).isEqualTo(4);
    }

    @Test
    void modelWithoutAdapters_isLoaded() throws IOException {
        AdaptedNetwork.of(Networks.mlp()).save(zip());

        assertThat(NetworkFile.of(zip()).adaptedMultiLayerNetwork().adapterNames())
                .isEmpty();
    }

    @Test
    void graph_isLoadedInEveryBit_andLearnsOn() throws IOException {
        AdaptedNetwork<ComputationGraph> model = DefaultAdapter.fresh(
                AdaptedNetwork.of(Networks.graph()),
                targets("enc.fc1", "enc.fc2").build(),
                1);
        model.network().fit(batch());

        model.save(zip());
        AdaptedNetwork<ComputationGraph> loaded = NetworkFile.of(zip()).adaptedComputationGraph();

        model.network().fit(batch());
        loaded.network().fit(batch());
        assertThat(values(loaded.network().params()))
                .isEqualTo(values(model.network().params()));
        assertThat(values(
                        ModelSerializer.restoreComputationGraph(zip().toFile()).params()))
                .isEqualTo(values(model.base().params()));
    }

    @Test
    void save_whileMerged_isRefused() {
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(
                AdaptedNetwork.of(Networks.mlp()), targets("fc1").build(), 1);
        model.merge();

        assertThatThrownBy(() -> model.save(zip()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("save: \"default\" is merged into the weights");
        assertThat(zip()).doesNotExist();
    }

    @Test
    void save_replacesAFile_andLeavesNothingBeside() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        Files.writeString(zip(), "before");

        model.save(zip());

        assertThat(folder).isDirectoryContaining("glob:**model.zip");
        assertThat(folder.toFile().list()).containsExactly("model.zip");
        assertThat(NetworkFile.of(zip()).adaptedMultiLayerNetwork().adapterNames())
                .hasSize(2);
    }

    @Test
    void save_whereItCannot_leavesWhatWasThere() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = trained();
        Path taken = Files.createDirectory(folder.resolve("taken"));
        Path nowhere = folder.resolve("no/such/folder.zip");

        assertThatThrownBy(() -> model.save(taken))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("AdaptedNetwork.save(" + taken + "): " + taken + " is a directory");
        assertThatThrownBy(() -> model.save(nowhere))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("there is no directory " + nowhere.getParent())
                .hasMessageContaining("what was there before is unchanged");
        assertThat(folder.toFile().list()).containsExactly("taken");
    }

    @Test
    void fileOfABaseAlone_isRefused_withWhatToCall() throws IOException {
        ModelSerializer.writeModel(Networks.mlp(), zip().toFile(), true);

        assertThatThrownBy(() -> NetworkFile.of(zip()).adaptedMultiLayerNetwork())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(zip() + ": has no entry \"lora4j/state.json\" among \"configuration.json\"")
                .hasMessageContaining("read it with NetworkFile");
    }

    @Test
    void otherKind_isRefused() throws IOException {
        Path zip = once.resolve("trained.zip");

        assertThatThrownBy(() -> NetworkFile.of(zip).adaptedComputationGraph())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("holds a MultiLayerNetwork; expected a ComputationGraph");
    }

    interface Change {
        void to(ZipEntries entries) throws IOException;
    }

    private static Arguments damage(String expected, Change change) {
        return Arguments.of(expected, change);
    }

    private static Change state(String from, String to) {
        return entries -> entries.edit(STATE, json -> json.replaceFirst(from, to));
    }

    static List<Arguments> damages() {
        return List.of(
                damage(
                        "has no entry \"" + FOLDER + "adapter_config.json\"",
                        entries -> entries.remove(FOLDER + "adapter_config.json")),
                damage(
                        "2 problems: has no entry",
                        entries -> entries.remove(FOLDER + "adapter_config.json")
                                .remove(FOLDER + "adapter_model.safetensors")),
                damage(
                        FOLDER + "adapter_config.json: not valid JSON",
                        entries -> entries.put(FOLDER + "adapter_config.json", new byte[] {'{'})),
                damage(
                        FOLDER + "adapter_model.safetensors",
                        entries -> entries.put(FOLDER + "adapter_model.safetensors", new byte[100])),
                damage(
                        FOLDER + "updater_state.safetensors",
                        entries -> entries.put(FOLDER + "updater_state.safetensors", new byte[100])),
                damage("state.json: is not valid JSON", entries -> entries.put(STATE, new byte[] {'['})),
                damage("state.json: is of version 2; expected 1", state("\"version\" : 1", "\"version\" : 2")),
                damage("iterations = -4", state("\"iterations\" : 4", "\"iterations\" : -4")),
                damage("iterations = \"4\"", state("\"iterations\" : 4", "\"iterations\" : \"4\"")),
                damage("enabled = 1", state("\"enabled\" : true", "\"enabled\" : 1")),
                damage("expected name, index, seed and trainable", state("\"seed\" : 2", "\"seed\" : 2.5")),
                damage("there is no adapter \"c\"", state("\"active\" : \\[ ", "\"active\" : [ \"c\", ")),
                damage("two adapters have the same number", state("\"index\" : 2", "\"index\" : 1")),
                damage("has no entry \"lora4j/adapters/../b/", state("\"name\" : \"b\"", "\"name\" : \"../b\"")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void damagedModel_isRefused(String expected, Change change) throws IOException {
        ZipEntries entries = saved();
        change.to(entries);
        Path bad = entries.write(folder.resolve("bad.zip"));

        assertThatThrownBy(() -> NetworkFile.of(bad).adaptedMultiLayerNetwork())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(bad.toString())
                .hasMessageContaining(expected);
    }

    @Test
    void nameThatIsNoFolder_isRefused_evenWithItsEntries() throws IOException {
        ZipEntries entries = saved();
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "updater_state.safetensors")) {
            entries.put("lora4j/adapters/../b/" + file, entries.get("lora4j/adapters/b/" + file));
        }
        entries.edit(STATE, json -> json.replace("\"b\"", "\"../b\""));
        Path bad = entries.write(folder.resolve("bad.zip"));

        assertThatThrownBy(() -> NetworkFile.of(bad).adaptedMultiLayerNetwork())
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(bad.toString())
                .hasMessageContaining("adapter name \"../b\": it cannot be the name of a folder");
        assertThat(folder.toFile().list()).containsExactly("bad.zip");
    }

    @Test
    void adaptersOfAnotherBase_areRefusedWithEveryProblem() throws IOException {
        Path other = folder.resolve("other.zip");
        ModelSerializer.writeModel(Networks.cnn(), other.toFile(), false);
        ZipEntries entries = saved();
        ZipEntries.of(other).all().forEach(entries::put);
        entries.remove("updaterState.bin");
        Path mixed = entries.write(folder.resolve("mixed.zip"));

        assertThatThrownBy(() -> NetworkFile.of(mixed).adaptedMultiLayerNetwork())
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageStartingWith(mixed + ", " + FOLDER)
                .hasMessageContaining("\"fc1\"")
                .hasMessageContaining("\"head.weight\"");
    }

    @Test
    void memoryOfAnotherAdapter_isRefused() throws IOException {
        ZipEntries entries = saved();
        entries.put("lora4j/adapters/b/updater_state.safetensors", entries.get(FOLDER + "updater_state.safetensors"));
        Path mixed = entries.write(folder.resolve("mixed.zip"));

        assertThatThrownBy(() -> NetworkFile.of(mixed).adaptedMultiLayerNetwork())
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(mixed.toString())
                .hasMessageContaining("the updater's memory of \"head.weight\"");
    }

    @Test
    void randomChangesOfOurEntries_areReadOrRefused() throws IOException {
        List<String> ours = saved().all().keySet().stream()
                .filter(name -> name.startsWith("lora4j/"))
                .toList();
        SplittableRandom random = RandomStreams.of(9, "changes");
        int refused = 0;
        for (int i = 0; i < 80; i++) {
            ZipEntries entries = saved();
            byte[] bytes = entries.get(ours.get(random.nextInt(ours.size())));
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(32, 127);
            }
            Path changed = entries.write(folder.resolve("changed.zip"));
            try {
                NetworkFile.of(changed).adaptedMultiLayerNetwork();
            } catch (ModelFormatException | IncompatibleBaseException e) {
                assertThat(e).as("change %s", i).hasMessageStartingWith(changed.toString());
                refused++;
            } catch (IOException | RuntimeException e) {
                throw new AssertionError("change " + i + " ended in another exception", e);
            }
        }
        assertThat(refused).isBetween(20, 79);
    }
}
