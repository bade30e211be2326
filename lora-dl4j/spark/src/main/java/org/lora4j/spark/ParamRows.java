/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayList;
import java.util.List;

/** All params, each once; a group belongs to the interface that has its getters and setters. */
final class ParamRows {

    /** {@link LoraBaseParams}. */
    static final List<ParamRow> BASE = List.of(
            ParamRow.named(
                    "checkpoint",
                    "the base: the name of a published encoder, or the path of a model directory",
                    "all-minilm-l6-v2"),
            ParamRow.choice(
                    "baseDistribution",
                    "how executors get the base",
                    "path",
                    List.of("path", "sparkFiles", "broadcast")),
            ParamRow.choice(
                    "handleInvalid",
                    "what becomes of a row that cannot be used",
                    "error",
                    List.of("error", "skip", "keep")),
            ParamRow.text("errorCol", "column for what is wrong with a row that is kept; empty for none", ""),
            ParamRow.count("inferenceBatchSize", "how many rows are held and computed at once", 256, 1));

    /** {@link LoraTextParams}. */
    static final List<ParamRow> TEXT = List.of(
            ParamRow.named("textCol", "column of the texts", "text"),
            ParamRow.count("maxTokenLen", "the most tokens of a text, 0 for those of the base", 0, 0));

    /** {@link LoraTrainingParams}. */
    static final List<ParamRow> TRAINING = List.of(
            ParamRow.count("rank", "rank of the adapter", 8, 1),
            ParamRow.number(
                    "alpha",
                    "alpha of the adapter, by which its update is scaled",
                    16.0,
                    "a finite number above 0",
                    value -> value > 0 && Double.isFinite(value)),
            ParamRow.number(
                    "dropout", "dropout of the adapter", 0.0, "from 0 to below 1", value -> value >= 0 && value < 1),
            ParamRow.texts("targetModules", "modules that get an adapter; empty for all linear ones"),
            ParamRow.count("epochs", "the most epochs, 0 for the usual number of the task", 0, 0),
            ParamRow.count(
                    "patience",
                    "epochs without improvement after which training stops, 0 for the usual number of the task",
                    0,
                    0),
            ParamRow.count("batchSize", "the most examples of a batch, 0 for the usual number of the task", 0, 0),
            ParamRow.number(
                    "learningRate",
                    "the highest learning rate, 0 for the usual one of the task",
                    0.0,
                    "a finite number, 0 or more",
                    value -> value >= 0 && Double.isFinite(value)),
            ParamRow.number(
                    "validationFraction",
                    "share of the examples that is kept back to choose the best epoch by, -1 for the usual one",
                    -1.0,
                    "from 0 to below 1, or -1",
                    value -> value == -1 || value >= 0 && value < 1),
            ParamRow.text(
                    "validationIndicatorCol",
                    "column that is true for rows to choose by, which are not learned from; empty for none",
                    ""),
            ParamRow.seed("seed", "seed of everything random", 42L));

    /** {@link LoraLabelParams}. */
    static final List<ParamRow> LABEL = List.of(ParamRow.named("labelCol", "column of what is learned", "label"));

    /** {@link LoraWeightParams}. */
    static final List<ParamRow> WEIGHT =
            List.of(ParamRow.text("weightCol", "column of the weights of examples; empty for none", ""));

    /** {@link LoraHeadParams}. */
    static final List<ParamRow> HEAD = List.of(ParamRow.flag("headOnly", "whether the head alone learns", false));

    /** {@link LoraPredictionParams}. */
    static final List<ParamRow> PREDICTION =
            List.of(ParamRow.text("predictionCol", "column of the predictions", "prediction"));

    /** {@link LoraClassParams}. */
    static final List<ParamRow> CLASSES = List.of(
            ParamRow.text(
                    "probabilityCol", "column of the probabilities of all classes; empty for none", "probability"),
            ParamRow.text(
                    "rawPredictionCol",
                    "column of the logarithms of the probabilities; empty for none",
                    "rawPrediction"),
            ParamRow.text(
                    "labelIndexCol",
                    "column for the index of a label that is a text, so that evaluators can compare; empty for none",
                    ""));

    /** {@link LoraTagParams}. */
    static final List<ParamRow> TAGS = List.of(
            ParamRow.text("probabilityCol", "column of the probabilities of the tags; empty for none", "probability"),
            ParamRow.text("entitiesCol", "column of what the tags say together; empty for none", ""));

    /** {@link LoraVectorParams}. */
    static final List<ParamRow> VECTOR = List.of(ParamRow.named("outputCol", "column of the vectors", "features"));

    /** {@link LoraPairParams}. */
    static final List<ParamRow> PAIRS = List.of(
            ParamRow.named("positiveCol", "column of the texts that belong to those of textCol", "positive"),
            ParamRow.text(
                    "similarityCol", "column of how near both texts are, -1 to 1; empty if they belong together", ""),
            ParamRow.text(
                    "groupCol",
                    "column of groups: texts of one group are never taken for negatives of each other; empty for none",
                    ""),
            ParamRow.count(
                    "tokenBudget",
                    "the most tokens of a batch that are computed at once, padding included; workers share such parts; 0 for the usual number",
                    0,
                    0));

    /** {@link LoraAdapterParams}. */
    static final List<ParamRow> ADAPTERS = List.of(
            ParamRow.text(
                    "adapterCol", "column of the names of adapters; empty for none, null in a row for the base", ""),
            ParamRow.text("adaptersPath", "folder with the folder of each adapter", ""),
            ParamRow.count("maxAdapters", "how many adapters an executor keeps in memory", 64, 1));

    /** {@link LoraPromptParams}. */
    static final List<ParamRow> PROMPTS = List.of(
            ParamRow.named("promptCol", "column of the prompts", "prompt"),
            ParamRow.named("outputCol", "column of the texts that are made", "generated"),
            ParamRow.count("maxNewTokens", "the most tokens of a text that is made", 64, 1),
            ParamRow.number(
                    "temperature",
                    "how freely tokens are drawn, 0 for the likeliest one",
                    0.0,
                    "a finite number, 0 or more",
                    value -> value >= 0 && Double.isFinite(value)),
            ParamRow.number(
                    "topP",
                    "the share of probability that tokens are drawn from",
                    1.0,
                    "above 0 and at most 1",
                    value -> value > 0 && value <= 1),
            ParamRow.seed("seed", "seed of everything random", 42L));

    /** {@link LoraFeatureParams}. */
    static final List<ParamRow> FEATURES = List.of(
            ParamRow.named("featuresCol", "column of the vectors", "features"),
            ParamRow.named("inputName", "what the base calls its input", "input"),
            ParamRow.named("labelsName", "what the base calls its labels", "labels"),
            ParamRow.named(
                    "outputName",
                    "what the base calls its output: probabilities of classes, or a number; for SameDiff graphs",
                    "output"));

    /** {@link LoraSavedModuleParams}. */
    static final List<ParamRow> SAVED_MODULES =
            List.of(ParamRow.texts("modulesToSave", "modules that learn in full, such as the head"));

    /** {@link LoraPartsParams}. */
    static final List<ParamRow> PARTS = List.of(ParamRow.count(
            "gradientParts",
            "in how many parts a batch is cut, on which rounding depends and not on the workers; 0 for as many as a task has threads",
            0,
            0));

    /** {@link LoraDistributedParams}. */
    static final List<ParamRow> DISTRIBUTED = List.of(
            ParamRow.flag("distributed", "whether several workers train one adapter together", false),
            ParamRow.count("numWorkers", "how many workers train together", 2, 1),
            ParamRow.count("workerTimeout", "seconds that a worker waits for the others", 600, 1),
            ParamRow.text(
                    "checkpointDir",
                    "folder that all workers see, to which steps are written and from which they go on; empty for none",
                    ""),
            ParamRow.count("checkpointSteps", "after how many steps they are written", 50, 1));

    /** {@link LoraScoresParams}. */
    static final List<ParamRow> SCORES = List.of(ParamRow.text(
            "scoresCol", "column of the probabilities of all labels of the row's adapter; empty for none", "scores"));

    private ParamRows() {}

    /** A group in which a param has no default. */
    static List<ParamRow> needed(String name, List<ParamRow> group) {
        return group.stream()
                .map(row -> row.name().equals(name) ? new ParamRow(name, row.doc(), null, row.maker()) : row)
                .toList();
    }

    /** Several groups in one. */
    @SafeVarargs
    static List<ParamRow> of(List<ParamRow>... groups) {
        List<ParamRow> all = new ArrayList<>();
        for (List<ParamRow> group : groups) {
            all.addAll(group);
        }
        return List.copyOf(all);
    }
}
