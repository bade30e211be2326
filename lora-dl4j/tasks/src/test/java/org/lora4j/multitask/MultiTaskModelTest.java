/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.multitask.MultiTaskConfig.Gate;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

class MultiTaskModelTest {

    private final TinyTasks tiny = new TinyTasks(DataType.DOUBLE);

    private final MultiTaskConfig all = MultiTaskConfig.builder()
            .shared(TinyTasks.lora(2, 4, "up", "down"))
            .specific(TinyTasks.lora(1, 3, "down"))
            .experts(2, TinyTasks.lora(1, 2, "up"), Gate.TASK)
            .build();

    private static INDArray factor(MultiTaskModel model, String task, String name) {
        return model.task(task).trainableParameters().stream()
                .filter(parameter -> parameter.name().equals(name))
                .findFirst()
                .orElseThrow()
                .value();
    }

    @Test
    void create_changesNoOutput() {
        Task task = tiny.task("animals", 2);
        MultiTaskModel model = MultiTaskModel.create(all, List.of(task, tiny.task("colors", 3)), 1);
        Batch batch = tiny.batch(2, 4, 9);
        Map<String, INDArray> x = Map.of("x", batch.placeholders().get("x"));

        INDArray before = task.graph().output(x, "logits").get("logits");

        assertThat(TinyTasks.logits(model.task("animals"), batch)).isEqualTo(before);
    }

    @Test
    void output_isTheSumOfAllParts() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);
        tiny.disturb(model, 3);
        String task = "colors";
        Batch batch = tiny.batch(3, 4, 9);
        SameDiff base = model.task(task).base();
        INDArray x = batch.placeholders().get("x");

        // By hand: scalings are 4/2 = 2 for the shared part, 2/1 = 2 for each expert and 3/1 = 3 for the specific one.
        INDArray z = factor(model, task, "up.gate.experts");
        double first = 1 / (1 + Math.exp(z.getDouble(1) - z.getDouble(0)));
        INDArray thin = x.mmul(factor(model, task, "up.lora_A.experts"));
        thin.putColumn(0, thin.getColumn(0).mul(first));
        thin.putColumn(1, thin.getColumn(1).mul(1 - first));
        INDArray up = x.mmul(base.getVariable("up.weight").getArr())
                .add(x.mmul(factor(model, task, "up.lora_A.shared"))
                        .mmul(factor(model, task, "up.lora_B.shared"))
                        .mul(2))
                .add(thin.mmul(factor(model, task, "up.lora_B.experts")).mul(2))
                .addRowVector(base.getVariable("up.bias").getArr());
        INDArray inner = Transforms.tanh(up);
        INDArray down = inner.mmul(base.getVariable("down.weight").getArr())
                .add(inner.mmul(factor(model, task, "down.lora_A.shared"))
                        .mmul(factor(model, task, "down.lora_B.shared"))
                        .mul(2))
                .add(inner.mmul(factor(model, task, "down.lora_A.specific"))
                        .mmul(factor(model, task, "down.lora_B.specific"))
                        .mul(3));
        INDArray logits = down.mmul(factor(model, task, "head.weight")).addRowVector(factor(model, task, "head.bias"));

        assertThat(TinyTasks.logits(model.task(task), batch)
                        .sub(logits)
                        .amaxNumber()
                        .doubleValue())
                .isCloseTo(0, within(1e-12));
    }

    @Test
    void gates_ofTheTask_haveTheGradientOfDifferences() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);
        tiny.disturb(model, 4);

        checkGradients(model.task("colors"), tiny.batch(3, 4, 2));
    }

    @Test
    void gates_ofTheActivation_haveTheGradientOfDifferences() {
        MultiTaskConfig config = MultiTaskConfig.builder()
                .experts(3, TinyTasks.lora(2, 2, "up", "down"), Gate.ACTIVATION)
                .build();
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);
        tiny.disturb(model, 4);

        checkGradients(model.task("animals"), tiny.batch(2, 4, 2));
    }

    private static void checkGradients(AdaptedSameDiff model, Batch batch) {
        List<String> names = model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();
        assertThat(names).anyMatch(name -> name.contains(".gate."));
        assertThat(GradientCheck.check(model.graph(), batch.placeholders(), names))
                .isLessThan(GradientCheck.TOLERANCE);
    }

    @Test
    void gate_ofTheActivation_weighsByRow() {
        MultiTaskConfig config = MultiTaskConfig.builder()
                .experts(2, TinyTasks.lora(1, 1, "up"), Gate.ACTIVATION)
                .build();
        MultiTaskModel model = MultiTaskModel.create(config, List.of(tiny.task("animals", 2)), 1);
        tiny.disturb(model, 4);
        SameDiff base = model.task("animals").base();
        Batch batch = tiny.batch(2, 2, 9);
        INDArray x = batch.placeholders().get("x");

        INDArray shares = Transforms.softmax(x.mmul(factor(model, "animals", "up.gate.experts")));
        INDArray thin = x.mmul(factor(model, "animals", "up.lora_A.experts")).mul(shares);
        INDArray up = x.mmul(base.getVariable("up.weight").getArr())
                .addRowVector(base.getVariable("up.bias").getArr())
                .add(thin.mmul(factor(model, "animals", "up.lora_B.experts")));
        INDArray logits = Transforms.tanh(up)
                .mmul(base.getVariable("down.weight").getArr())
                .mmul(factor(model, "animals", "head.weight"))
                .addRowVector(factor(model, "animals", "head.bias"));

        assertThat(TinyTasks.logits(model.task("animals"), batch)
                        .sub(logits)
                        .amaxNumber()
                        .doubleValue())
                .isCloseTo(0, within(1e-12));
    }

    @Test
    void sharedFactors_areTheSameArrays_andSpecificOnesAreNot() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);

        assertThat(factor(model, "animals", "up.lora_A.shared")).isSameAs(factor(model, "colors", "up.lora_A.shared"));
        assertThat(factor(model, "animals", "up.lora_B.experts"))
                .isSameAs(factor(model, "colors", "up.lora_B.experts"));
        assertThat(factor(model, "animals", "down.lora_A.specific"))
                .isNotEqualTo(factor(model, "colors", "down.lora_A.specific"));
        assertThat(factor(model, "animals", "up.gate.experts")).isNotSameAs(factor(model, "colors", "up.gate.experts"));
    }

    @Test
    void gate_ofTheActivation_isShared() {
        MultiTaskConfig config = MultiTaskConfig.builder()
                .experts(2, TinyTasks.lora(1, 1, "up"), Gate.ACTIVATION)
                .build();
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);

        assertThat(factor(model, "animals", "up.gate.experts")).isSameAs(factor(model, "colors", "up.gate.experts"));
    }

    @Test
    void parameters_areCounted() {
        MultiTaskParameters counts =
                MultiTaskModel.create(all, tiny.twoTasks(), 1).parameters();

        // Shared: rank 2 on 3 -> 4 and 4 -> 4; experts: rank 2 together on 3 -> 4.
        assertThat(counts.common()).isEqualTo(2 * (3 + 4) + 2 * (4 + 4) + 2 * (3 + 4));
        // Rank 1 on 4 -> 4, and a gate of 2.
        assertThat(counts.specific()).isEqualTo(Map.of("animals", 10L, "colors", 10L));
        assertThat(counts.heads()).isEqualTo(Map.of("animals", 4L * 2 + 2, "colors", 4L * 3 + 3));
        assertThat(counts.total()).isEqualTo(counts.withoutHeads() + 25);
    }

    @Test
    void sharedPartAlone_keepsAHeadForEachTask() {
        MultiTaskConfig config =
                MultiTaskConfig.builder().shared(TinyTasks.lora(2, 4, "up")).build();
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);

        assertThat(model.parameters().specific()).isEqualTo(Map.of("animals", 0L, "colors", 0L));
        assertThat(model.task("colors").trainableParameters())
                .extracting(TrainableParameter::name)
                .containsExactlyInAnyOrder("up.lora_A.shared", "up.lora_B.shared", "head.weight", "head.bias");
    }

    @Test
    void specificPartAlone_sharesNothing() {
        MultiTaskConfig config =
                MultiTaskConfig.builder().specific(TinyTasks.lora(2, 4, "up")).build();
        MultiTaskModel model = MultiTaskModel.create(config, tiny.twoTasks(), 1);

        assertThat(model.parameters().common()).isZero();
        assertThat(model.parameters().specific()).isEqualTo(Map.of("animals", 14L, "colors", 14L));
    }

    @Test
    void merging_isRefusedBehindAGate() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);

        assertThatThrownBy(() -> model.task("animals").merge())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"experts\" has a gate, which a weight cannot hold");
        assertThatThrownBy(() -> model.task("animals").mergeAndUnload())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"experts\" has a gate, which a weight cannot hold");
    }

    @Test
    void create_overAnotherBase_namesTasksAndModules() {
        Task other = new TinyTasks(DataType.DOUBLE, 6).task("colors", 3);

        assertThatThrownBy(() -> MultiTaskModel.create(all, List.of(tiny.task("animals", 2), other), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task \"colors\" has other weights than task \"animals\" in \"up\", \"down\"")
                .hasMessageContaining("expected graphs over one base");
    }

    @Test
    void create_overAnotherShape_namesTheModule() {
        SameDiff other = SameDiff.create();
        other.placeHolder("x", DataType.DOUBLE, -1, 3)
                .mmul("logits", other.constant("up.weight", Nd4j.ones(DataType.DOUBLE, 3, 7)));
        MultiTaskConfig config =
                MultiTaskConfig.builder().shared(TinyTasks.lora(2, 4, "up")).build();
        List<Task> tasks = List.of(tiny.task("animals", 2), new Task("colors", other, List.of(), Optional.empty()));

        assertThatThrownBy(() -> MultiTaskModel.create(config, tasks, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shareAdapter \"shared\"")
                .hasMessageContaining(
                        "module \"up\": lora_B.weight lies as DOUBLE[2, 7] here and as DOUBLE[2, 4] in the"
                                + " other model");
    }

    @Test
    void create_withClashingNames_namesAll() {
        List<Task> tasks =
                List.of(tiny.task("colors", 3), tiny.task("Colors", 3), tiny.task("a/b", 2), tiny.task("..", 2));

        assertThatThrownBy(() -> MultiTaskModel.create(all, tasks, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tasks \"colors\" and \"Colors\" clash")
                .hasMessageContaining("task name \"a/b\" cannot be the name of a folder")
                .hasMessageContaining("task name \"..\" cannot be the name of a folder");
    }

    @Test
    void create_withAHeadThatIsNotThere_namesTheClosest() {
        List<Task> tasks = List.of(new Task("animals", tiny.graph(2), "heat"));

        assertThatThrownBy(() -> MultiTaskModel.create(all, tasks, 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("heat")
                .hasMessageContaining("head");
    }

    @Test
    void task_ofAnUnknownName_offersTheClosest() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);

        assertThatThrownBy(() -> model.task("color"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no task \"color\"")
                .hasMessageContaining("colors");
    }

    @Test
    void config_ofWhatCannotBePutSideBySide_namesAll() {
        assertThatThrownBy(() -> MultiTaskConfig.builder()
                        .shared(TinyTasks.lora(2, 4, "up").toBuilder()
                                .dora(true)
                                .build())
                        .specific(TinyTasks.lora(2, 4, "up").toBuilder()
                                .modulesToSave("head")
                                .build())
                        .experts(1, TinyTasks.lora(1, 1, "up"), Gate.TASK)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shared has dora")
                .hasMessageContaining("specific has modulesToSave = [head]")
                .hasMessageContaining("experts");
        assertThatThrownBy(() -> MultiTaskConfig.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected at least one");
    }

    @Test
    void experts_haveTheScalingOfEach() {
        MultiTaskConfig.Experts experts = new MultiTaskConfig.Experts(
                3,
                TinyTasks.lora(2, 5, "up").toBuilder()
                        .rankPattern(Map.of("up", 4))
                        .build(),
                Gate.TASK);

        assertThat(experts.together().rankOf("up")).isEqualTo(12);
        assertThat(experts.together().scalingOf("up")).isEqualTo(5.0 / 4);
    }

    @Test
    void labels_neverSeen_areListedWithTheClosest() {
        TaskLabels labels = TaskLabels.of(List.of("cat", "dog", "cat"));

        assertThat(labels.classes("task \"animals\", test data", List.of("dog", "cat")))
                .containsExactly(1, 0);
        assertThatThrownBy(() -> labels.classes("task \"animals\", test data", List.of("dig", "cat", "eel")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task \"animals\", test data")
                .hasMessageContaining("the label \"dig\" was never seen in training")
                .hasMessageContaining("the label \"eel\" was never seen in training");
        assertThatThrownBy(() -> TaskLabels.of(List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no label");
    }

    @Test
    void plain_ofEachTask_hasTheOutputsOfTheTask() {
        MultiTaskModel model = MultiTaskModel.create(all, tiny.twoTasks(), 1);
        tiny.disturb(model, 3);

        for (String name : model.tasks()) {
            Adapter plain = model.adapter().plain(name);
            int classes = name.equals("animals") ? 2 : 3;
            AdaptedSameDiff alone = AdaptedSameDiff.of(tiny.graph(classes));
            alone.addAdapter("default", plain);
            alone.activate("default");
            Batch batch = tiny.batch(classes, 6, 8);
            assertThat(plain.config().rankOf("up")).isEqualTo(2 + 2);
            assertThat(plain.config().rankOf("down")).isEqualTo(2 + 1);
            assertThat(TinyTasks.logits(alone, batch)
                            .sub(TinyTasks.logits(model.task(name), batch))
                            .amaxNumber()
                            .doubleValue())
                    .isLessThan(1e-5);
        }
    }
}
