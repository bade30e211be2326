/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.multitask.MultiTaskConfig.Gate;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class MultiTaskAdapterTest {

    private final TinyTasks tiny = new TinyTasks(DataType.FLOAT);
    private final LoraConfig shared = TinyTasks.lora(2, 4, "up", "down").toBuilder()
            .scalingRule(Scaling.RANK_STABILIZED)
            .build();

    @TempDir
    Path folder;

    private Path directory;

    @BeforeEach
    void nameDirectory() {
        directory = folder.resolve("tasks of ours");
    }

    private MultiTaskModel model(MultiTaskConfig config) {
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);
        tiny.disturb(model, 3);
        return model;
    }

    private MultiTaskConfig config(Gate gate) {
        return MultiTaskConfig.builder()
                .shared(shared)
                .specific(TinyTasks.lora(1, 3, "down"))
                .experts(2, TinyTasks.lora(1, 2, "up"), gate)
                .build();
    }

    private INDArray logits(AdaptedSameDiff model, String task) {
        return TinyTasks.logits(model, batch(task));
    }

    private Batch batch(String task) {
        return tiny.batch(classes(task), 6, 8);
    }

    private static int classes(String task) {
        return task.equals("animals") ? 2 : 3;
    }

    private static double difference(INDArray one, INDArray other) {
        return one.sub(other).amaxNumber().doubleValue();
    }

    private void assertRoundTrip(MultiTaskModel model) throws IOException {
        model.adapter().save(directory);
        MultiTaskModel loaded = MultiTaskModel.of(MultiTaskAdapter.load(directory), tiny.twoTasks());

        for (String task : model.tasks()) {
            assertThat(difference(logits(loaded.task(task), task), logits(model.task(task), task)))
                    .isZero();
            assertThat(MultiTaskAdapter.load(directory).labels(task))
                    .isEqualTo(model.adapter().labels(task));
        }
        assertThat(loaded.parameters()).isEqualTo(model.parameters());
    }

    private void assertPlainForms(MultiTaskModel model) throws IOException {
        for (String task : model.tasks()) {
            AdaptedSameDiff alone = AdaptedSameDiff.of(tiny.graph(classes(task)));
            alone.addAdapter("default", Adapter.load(directory.resolve("tasks").resolve(task)));
            alone.activate("default");
            assertThat(difference(logits(alone, task), logits(model.task(task), task)))
                    .as(task)
                    .isLessThan(1e-5);
        }
    }

    @Test
    void directory_ofAllParts_givesTheModelAndPlainAdaptersBack() throws IOException {
        MultiTaskModel model = model(config(Gate.TASK));

        assertRoundTrip(model);
        assertPlainForms(model);
    }

    @Test
    void directory_ofTheSharedPart_givesTheModelAndPlainAdaptersBack() throws IOException {
        MultiTaskModel model = model(MultiTaskConfig.builder().shared(shared).build());

        assertRoundTrip(model);
        assertPlainForms(model);
    }

    @Test
    void directory_ofSpecificParts_givesTheModelAndPlainAdaptersBack() throws IOException {
        MultiTaskModel model = model(MultiTaskConfig.builder().specific(shared).build());

        assertRoundTrip(model);
        assertPlainForms(model);
    }

    @Test
    void directory_ofExperts_givesTheModelAndPlainAdaptersBack() throws IOException {
        MultiTaskModel model = model(MultiTaskConfig.builder()
                .experts(3, TinyTasks.lora(2, 4, "up", "down"), Gate.TASK)
                .build());

        assertRoundTrip(model);
        assertPlainForms(model);
    }

    @Test
    void directory_behindAGateOfTheActivation_saysWhyItHasNoPlainForm() throws IOException {
        MultiTaskModel model = model(config(Gate.ACTIVATION));

        assertRoundTrip(model);

        assertThat(directory.resolve("tasks")).doesNotExist();
        assertThat(directory.resolve("README.md"))
                .content()
                .contains("no plain PEFT adapters here")
                .contains("the gate of its experts sees the activation");
        assertThatThrownBy(() -> MultiTaskAdapter.load(directory).plain("colors"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "plain form of task \"colors\": there is none, because the gate of its experts sees"
                                + " the activation");
    }

    @Test
    void someTasks_canBeLoadedAlone() throws IOException {
        MultiTaskModel model = model(config(Gate.TASK));
        model.adapter().save(directory);

        MultiTaskModel one = MultiTaskModel.of(MultiTaskAdapter.load(directory), List.of(tiny.task("colors", 3)));

        assertThat(difference(logits(one.task("colors"), "colors"), logits(model.task("colors"), "colors")))
                .isZero();
    }

    @Test
    void loaded_taskOfAnotherNameHeadOrLabels_isRefusedWithAll() {
        MultiTaskAdapter adapter = model(config(Gate.TASK)).adapter();
        List<Task> tasks = List.of(
                tiny.task("colour", 3),
                new Task("colors", tiny.graph(3), List.of(), Optional.empty()),
                new Task(
                        "animals", tiny.graph(2), List.of("head"), Optional.of(new TaskLabels(List.of("cat", "dog")))));

        assertThatThrownBy(() -> MultiTaskModel.of(adapter, tasks))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no task \"colour\"")
                .hasMessageContaining("task \"colors\" has the head ")
                .hasMessageContaining("task \"animals\" has the labels \"cat\", \"dog\"");
    }

    @Test
    void loaded_onAHeadOfAnotherShape_isRefused() {
        MultiTaskAdapter adapter = model(config(Gate.TASK)).adapter();
        List<Task> tasks = List.of(new Task("colors", tiny.graph(4), "head"));

        assertThatThrownBy(() -> MultiTaskModel.of(adapter, tasks))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"head.weight\" has shape [3, 4]");
    }

    @Test
    void save_replacesWhatWasThere() throws IOException {
        model(config(Gate.TASK)).adapter().save(directory);
        MultiTaskModel other = model(MultiTaskConfig.builder().shared(shared).build());

        other.adapter().save(directory);

        assertThat(directory.resolve("experts")).doesNotExist();
        assertThat(MultiTaskAdapter.load(directory).experts()).isEmpty();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(directory);
        }
    }

    @Test
    void save_leavesForeignDirectoriesAlone() throws IOException {
        Files.createDirectory(directory);
        Files.writeString(directory.resolve("thesis.txt"), "years of work");

        assertThatThrownBy(() -> model(config(Gate.TASK)).adapter().save(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds other files and no multitask.safetensors");
        assertThat(directory.resolve("thesis.txt")).hasContent("years of work");
    }

    @Test
    void load_whenNothingIsThere_saysWhatIsExpected() {
        assertThatThrownBy(() -> MultiTaskAdapter.load(directory))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("no such file; expected a directory that MultiTaskAdapter.save wrote");
    }

    @Test
    void load_afterASaveThatWasCutShort_readsTheOldOne_andTheNextSavePutsThingsInOrder() throws IOException {
        MultiTaskAdapter saved = model(config(Gate.TASK)).adapter();
        saved.save(directory);
        Path old = folder.resolve(".tasks of ours.lora4j-old");
        Files.move(directory, old);

        assertThat(MultiTaskAdapter.load(directory).shared()).isEqualTo(saved.shared());
        saved.save(directory);
        assertThat(MultiTaskAdapter.load(directory).shared()).isEqualTo(saved.shared());
        assertThat(old).doesNotExist();
    }

    @Test
    void load_whenAPartIsMissing_namesIt() throws IOException {
        model(config(Gate.TASK)).adapter().save(directory);
        Path part = directory.resolve("shared");
        Files.move(part, folder.resolve("elsewhere"));

        assertThatThrownBy(() -> MultiTaskAdapter.load(directory))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(part + ": no such directory");
    }

    @Test
    void load_ofALaterVersion_isRefused() throws IOException {
        saveWith(metadata -> put(metadata, "lora4j.multitask", "2"));

        assertThatThrownBy(() -> MultiTaskAdapter.load(directory))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("is of version \"2\"; expected 1");
    }

    @Test
    void load_ofATaskThatLeadsOutside_isRefused() throws IOException {
        saveWith(metadata -> put(put(metadata, "task.0", "../../etc"), "experts", "two"));

        assertThatThrownBy(() -> MultiTaskAdapter.load(directory))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("task name \"../../etc\" cannot be the name of a folder")
                .hasMessageContaining("experts = \"two\", expected a whole number");
    }

    @Test
    void load_ofGatesThatDoNotFit_isRefused() throws IOException {
        saveWith(metadata -> put(metadata, "experts", "4"));

        assertThatThrownBy(() -> MultiTaskAdapter.load(directory))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("rank 2; expected a multiple of the 4 experts")
                .hasMessageContaining("task \"animals\", module \"up\": the gate has shape [2]; expected [4]");
    }

    @Test
    void load_ofBytesThatAreNoFile_isRefused() throws IOException {
        model(config(Gate.TASK)).adapter().save(directory);
        Files.write(directory.resolve("multitask.safetensors"), "not safetensors".getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> MultiTaskAdapter.load(directory)).isInstanceOf(CorruptAdapterException.class);
    }

    private static Map<String, String> put(Map<String, String> metadata, String key, String value) {
        Map<String, String> changed = new TreeMap<>(metadata);
        changed.put(key, value);
        return changed;
    }

    /** Saves a model and changes what its file says. */
    private void saveWith(UnaryOperator<Map<String, String>> change) throws IOException {
        model(config(Gate.TASK)).adapter().save(directory);
        Path file = directory.resolve("multitask.safetensors");
        Map<String, String> metadata;
        List<TensorSource> tensors = new ArrayList<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            metadata = reader.metadata();
            for (TensorEntry entry : reader.tensors().values()) {
                byte[] bytes = new byte[(int) entry.byteCount()];
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                reader.read(entry, 0, buffer);
                tensors.add(new TensorSource(
                        entry.name(), entry.dtype(), entry.shape(), channel -> channel.write(ByteBuffer.wrap(bytes))));
            }
        }
        SafetensorsWriter.write(file, tensors, change.apply(metadata));
    }
}
