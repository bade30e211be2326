/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.ImmutableDataset;
import org.tribuo.Model;
import org.tribuo.Trainer;
import org.tribuo.WeightedExamples;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.dataset.DatasetView;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.TrainerProvenance;
import org.tribuo.provenance.impl.TrainerProvenanceImpl;

/** Tribuo's linear trainer, made to keep every rule of the suite but the one that its fault breaks. */
final class FaultyTrainer implements Trainer<Label>, WeightedExamples {

    /** Long enough for two of eight threads to meet. */
    private static final long RACE_MILLIS = 5;

    /** How often any trainer has drawn from what all of them share. */
    private static final AtomicInteger DRAWN = new AtomicInteger();

    @Config(mandatory = true, description = "What is wrong.")
    private Fault fault;

    @Config(mandatory = true, description = "The seed.")
    private long seed;

    private LinearSGDTrainer inner;
    private int count;

    /** For OLCUT. */
    private FaultyTrainer() {}

    FaultyTrainer(Fault fault, long seed) {
        this.fault = fault;
        this.seed = seed;
        postConfig();
    }

    @Override
    public void postConfig() {
        long start = fault == Fault.IGNORES_SEED ? 7 : seed;
        inner = new LinearSGDTrainer(new LogMulticlass(), new AdaGrad(0.5, 0.1), 50, 1_000_000, start);
    }

    @Override
    public Model<Label> train(Dataset<Label> examples, Map<String, Provenance> run) {
        return train(examples, run, INCREMENT_INVOCATION_COUNT);
    }

    @Override
    public Model<Label> train(Dataset<Label> examples, Map<String, Provenance> run, int invocationCount) {
        Dataset<Label> accepted = accepted(examples);
        int own;
        TrainerProvenance provenance;
        if (fault == Fault.RACES && invocationCount == INCREMENT_INVOCATION_COUNT) {
            own = count;
            provenance = getProvenance();
            pause();
            count = own + 1;
        } else {
            synchronized (this) {
                if (invocationCount != INCREMENT_INVOCATION_COUNT) {
                    setInvocationCount(invocationCount);
                }
                own = count;
                provenance = getProvenance();
                if (fault != Fault.SKIPS_NAMED_COUNTS || invocationCount == INCREMENT_INVOCATION_COUNT) {
                    count++;
                }
                if (fault == Fault.RECORDS_THE_NEXT_COUNT) {
                    provenance = getProvenance();
                }
            }
        }
        Model<Label> learned = inner.train(accepted, Map.of(), stream(own));
        if (fault == Fault.MARKS_TRAINING_EXAMPLES) {
            examples.forEach(FaultyTrainer::mark);
        }
        ModelProvenance of = new ModelProvenance(
                FaultyModel.class.getName(),
                OffsetDateTime.now(),
                examples.getProvenance(),
                provenance,
                fault == Fault.DROPS_RUN_PROVENANCE ? Map.of() : run);
        Example<Label> watched =
                fault == Fault.WATCHES_TRAINING_SET ? examples.iterator().next() : null;
        return new FaultyModel(of, learned, fault, watched);
    }

    /** Leaves a mark in an example, once, as Tribuo refuses a second one of the same name. */
    static synchronized void mark(Example<Label> example) {
        if (!example.containsMetadata("seen")) {
            example.setMetadataValue("seen", true);
        }
    }

    private int stream(int own) {
        return switch (fault) {
            case DRAWS_FROM_GLOBAL_STATE -> DRAWN.getAndIncrement();
            case REPEATS_ITSELF -> 0;
            default -> own;
        };
    }

    private static void pause() {
        try {
            Thread.sleep(RACE_MILLIS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Refuses what cannot be learned, unless that is the fault. */
    private Dataset<Label> accepted(Dataset<Label> examples) {
        if (examples.getOutputInfo().getUnknownCount() > 0) {
            if (fault == Fault.SKIPS_UNKNOWN_OUTPUTS) {
                Label unknown = examples.getOutputFactory().getUnknownOutput();
                return DatasetView.createView(
                        examples, example -> !example.getOutput().equals(unknown), "known");
            }
            if (fault == Fault.COUNTS_REFUSALS) {
                count++;
            }
            throw new IllegalArgumentException("unknown outputs");
        }
        if (examples.size() == 0 && fault != Fault.LEARNS_NOTHING) {
            throw new IllegalArgumentException("no examples");
        }
        for (Example<Label> example : examples) {
            for (Feature feature : example) {
                if (Double.isInfinite(feature.getValue()) && fault != Fault.LEARNS_INFINITY) {
                    throw new IllegalArgumentException("infinite feature " + feature);
                }
            }
        }
        return fault == Fault.IGNORES_WEIGHTS ? unweighted(examples) : examples;
    }

    private static Dataset<Label> unweighted(Dataset<Label> examples) {
        Dataset<Label> copy = ImmutableDataset.copyDataset(examples);
        copy.forEach(example -> example.setWeight(1));
        return copy;
    }

    @Override
    public int getInvocationCount() {
        return count;
    }

    @Override
    public synchronized void setInvocationCount(int invocationCount) {
        if (invocationCount < 0 && fault != Fault.ACCEPTS_NEGATIVE_COUNT) {
            throw new IllegalArgumentException("invocationCount = " + invocationCount);
        }
        count = Math.max(0, invocationCount);
    }

    @Override
    public TrainerProvenance getProvenance() {
        return new TrainerProvenanceImpl(this);
    }

    @Override
    public String toString() {
        return "FaultyTrainer(fault=" + fault + ",seed=" + seed + ")";
    }
}
