/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.train.AdamW;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitReport;
import org.lora4j.train.FitSettings;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.TrainingPlan;

/** The defaults that {@code docs/training.md} lists are those that builders have. */
class TrainingPageTest {

    private static final int TASKS = 1;
    private static final int SENTENCES = 2;
    private static final int LANGUAGE = 3;
    private static final int PLAN = 4;

    @Test
    void defaults_areThoseOfTheTable() throws IOException {
        Map<String, List<String>> table = table();
        try (TextEncoder encoder = TinyEncoder.create();
                CausalLm model = CausalLm.load(Path.of("../language/src/test/resources/language/models/llama-gqa"))) {
            TextOptions task = TextClassifier.builder(encoder).options("SEQ_CLS");
            TextOptions fullTask =
                    TextClassifier.builder(encoder).fullFineTuning().options("SEQ_CLS");
            TextOptions sentences = SentenceEncoder.builder(encoder).options("FEATURE_EXTRACTION");
            FitOptions language = CausalLmTrainer.builder(model).options();

            check(table, TASKS, task.fit());
            check(table, SENTENCES, sentences.fit());
            check(table, LANGUAGE, language);
            assertThat(table.get("texts in a batch").subList(TASKS, LANGUAGE))
                    .containsExactly(
                            "a 32nd of the texts, " + task.batchSize(0) + " to " + task.batchSize(Integer.MAX_VALUE),
                            "" + sentences.batchSize(0));
            assertThat(task.batchSize(500)).as("a 32nd").isEqualTo(15);
            List<String> rates = table.get("learning rate, adapter");
            assertThat(Double.parseDouble(rates.get(TASKS)))
                    .isEqualTo(task.fit().learningRate());
            assertThat(Double.parseDouble(rates.get(SENTENCES)))
                    .isEqualTo(sentences.fit().learningRate());
            assertThat(Double.parseDouble(
                            table.get("learning rate, all weights").get(TASKS)))
                    .isEqualTo(fullTask.fit().learningRate());
            assertThat(table.get("learning rate, head").get(TASKS))
                    .isEqualTo(task.headLearningRate() + "; all weights: " + fullTask.headLearningRate());
        }
    }

    /** The same verbs in the same shape, for whatever holds what was trained. */
    @ParameterizedTest
    @ValueSource(
            classes = {
                TextClassifier.class,
                PairClassifier.class,
                TokenClassifier.class,
                TextRegressor.class,
                ReRanker.class,
                SentenceEncoder.class,
                CausalLm.class
            })
    void saveExportLoadAndReport_haveOneShape(Class<?> model) throws ReflectiveOperationException {
        Class<?> base = model == CausalLm.class ? CausalLm.class : TextEncoder.class;

        for (String verb : List.of("save", "export")) {
            Method method = model.getMethod(verb, Path.class);
            assertThat(method.getReturnType()).isEqualTo(void.class);
            assertThat(method.getExceptionTypes()).containsExactly(IOException.class);
        }
        assertThat(model.getMethod("load", Path.class, Path[].class).getReturnType())
                .isEqualTo(model);
        assertThat(model.getMethod("load", Path.class, base).getReturnType()).isEqualTo(model);
        assertThat(FitReport.class).isAssignableFrom(model.getMethod("report").getReturnType());
    }

    /** Without a builder of a task it is the plan that has defaults. Tribuo's are properties of its trainer. */
    @Test
    void defaultsOfThePlan_areThoseOfTheTable() throws IOException {
        Map<String, List<String>> table = table();
        TrainingPlan plan = TrainingPlan.builder().epochs(1).build();
        AdamW optimizer = (AdamW) plan.optimizer();

        assertThat(Double.parseDouble(table.get("learning rate, adapter").get(PLAN)))
                .isEqualTo(optimizer.learningRate());
        assertThat(table.get("weight decay").get(PLAN)).isEqualTo("" + optimizer.weightDecay());
        assertThat(table.get("seed").get(PLAN)).isEqualTo("" + plan.seed());
        assertThat(plan.earlyStopping())
                .as(table.get("patience, in epochs").get(PLAN))
                .isEmpty();
        assertThat(plan.schedule()).isEqualTo(LearningRateSchedule.constant());
    }

    private static void check(Map<String, List<String>> table, int column, FitOptions options) {
        LoraConfig config = (LoraConfig) options.adapter();
        assertThat(table.get("adapter").get(TASKS)).contains("rank " + config.rank(), "alpha " + (int) config.alpha());
        assertThat(table.get("maximum epochs").get(column)).isEqualTo("" + options.epochs());
        assertThat(table.get("patience, in epochs").get(column)).isEqualTo("" + options.patience());
        assertThat(table.get("tokens in a batch").get(column)).isEqualTo("" + options.tokenBudget());
        assertThat(table.get("weight decay").get(column)).isEqualTo("" + FitSettings.WEIGHT_DECAY);
        assertThat(table.get("warm-up, share of the steps").get(column)).isEqualTo("" + FitSettings.WARMUP);
        assertThat(table.get("seed").get(column)).isEqualTo("" + options.seed());
    }

    /** Rows of the table by their first cell. */
    private static Map<String, List<String>> table() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("lora4j.root"), "docs", "training.md"));
        Map<String, List<String>> rows = new LinkedHashMap<>();
        page.substring(page.indexOf("## Defaults"))
                .lines()
                .filter(line -> line.startsWith("| "))
                .map(line -> Arrays.stream(line.substring(1).split("\\|"))
                        .map(String::trim)
                        .toList())
                .forEach(cells -> rows.put(cells.get(0), cells));
        return rows;
    }
}
