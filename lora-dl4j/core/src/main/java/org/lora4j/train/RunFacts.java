/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.array.io.RowDigests;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.UnusableContentException;
import org.lora4j.trust.DataHashes;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a receipt of a run needs, and nothing else of it tells: the values that it started from, and the examples of its first epoch.
 * Only runs in which an adapter learns have one.
 */
final class RunFacts {

    /** Their hashes take 64 MiB; of more examples nothing is said. */
    private static final int MOST_EXAMPLES = 1 << 21;

    private final boolean wanted;
    private String start = "";
    private DataHashes.Gathering gathering = new DataHashes.Gathering();
    private long taken;
    private Optional<DataHashes> whole = Optional.empty();

    RunFacts(List<TrainableParameter> parameters) {
        this.wanted = parameters.stream().anyMatch(p -> p.kind() == TrainableParameter.Kind.FACTOR);
        if (wanted) {
            Map<String, INDArray> values = new LinkedHashMap<>();
            parameters.forEach(parameter -> values.put(parameter.name(), parameter.value()));
            start = TensorHash.of("start", values, name -> false);
        }
    }

    /** Takes note of a batch that is learned from, or was before the run was taken up again. */
    void take(Batch batch, int epoch) {
        if (!wanted || epoch != 1 || taken > MOST_EXAMPLES) {
            return;
        }
        taken += batch.examples();
        long weight = Double.doubleToLongBits(batch.weight() / batch.examples());
        for (byte[] example : RowDigests.of(batch.placeholders(), batch.examples())) {
            gathering.hash(example).number(weight).end();
        }
    }

    /** The examples of the first epoch are complete, or all that the run wants of them. */
    void endEpoch(int epoch) {
        if (epoch == 1) {
            whole = taken == 0 || taken > MOST_EXAMPLES ? Optional.empty() : Optional.of(gathering.hashes());
            gathering = new DataHashes.Gathering();
        }
    }

    /** What is known; empty if no adapter learns, or the run began with a version that did not take note. */
    Optional<RunEvidence> evidence(TrainingPlan plan, TrainingResult result) {
        return start.isEmpty() ? Optional.empty() : Optional.of(new RunEvidence(start, whole, plan, result));
    }

    void save(CheckpointContent to) {
        if (start.isEmpty()) {
            return;
        }
        to.put("start", start);
        // Of the first epoch, the batches that were used are taken again.
        whole.ifPresent(hashes -> {
            to.put("examples", hashes.examples());
            to.put("inOrder", hashes.inOrder());
            to.put("anyOrder", hashes.anyOrder());
        });
    }

    void load(CheckpointContent from) {
        // Checkpoints of version 0.1 before these fields have none.
        start = wanted && from.has("start") ? from.text("start") : "";
        if (from.has("examples")) {
            whole = Optional.of(hashes(from));
        }
    }

    private static DataHashes hashes(CheckpointContent from) {
        try {
            return new DataHashes(from.count("examples"), from.text("inOrder"), from.text("anyOrder"));
        } catch (IllegalArgumentException e) {
            throw new UnusableContentException(e.getMessage());
        }
    }
}
