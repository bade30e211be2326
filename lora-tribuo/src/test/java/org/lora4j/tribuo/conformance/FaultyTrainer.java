/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Model;
import org.tribuo.Trainer;
import org.tribuo.WeightedExamples;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.SkeletalTrainerProvenance;
import org.tribuo.provenance.TrainerProvenance;
import org.tribuo.provenance.impl.TrainerProvenanceImpl;

/** Tribuo's linear trainer, made to keep every rule of the suite but those that its fault breaks. */
final class FaultyTrainer implements Trainer<Label>, WeightedExamples {

    private static final int EPOCHS = 20;
    private static final int NEVER_LOG = 1_000_000;

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

    /** Sets how often was drawn, and returns how often it was by then. */
    static DoubleSupplier drawn(int times) {
        DRAWN.set(times);
        return DRAWN::get;
    }

    @Override
    public void postConfig() {
        long start = fault == Fault.IGNORES_SEED ? 7 : seed;
        int epochs = fault == Fault.DOES_NOT_LEARN ? 0 : EPOCHS;
        inner = new LinearSGDTrainer(new LogMulticlass(), new AdaGrad(0.5, 0.1), epochs, NEVER_LOG, start);
    }

    @Override
    public Model<Label> train(Dataset<Label> examples, Map<String, Provenance> run) {
        return train(examples, run, INCREMENT_INVOCATION_COUNT);
    }

    @Override
    public Model<Label> train(Dataset<Label> examples, Map<String, Provenance> run, int invocationCount) {
        Dataset<Label> accepted = accepted(examples);
        Turn turn = fault == Fault.RACES && invocationCount == INCREMENT_INVOCATION_COUNT
                ? turnWithoutLock()
                : turn(invocationCount);
        Model<Label> learned = inner.train(accepted, Map.of(), stream(turn.count()));
        if (fault == Fault.MARKS_TRAINING_EXAMPLES) {
            examples.forEach(FaultyTrainer::mark);
        }
        ModelProvenance provenance = new ModelProvenance(
                FaultyModel.class.getName(),
                OffsetDateTime.now(),
                examples.getProvenance(),
                turn.provenance(),
                fault == Fault.DROPS_RUN_PROVENANCE ? Map.of() : run);
        Example<Label> watched =
                fault == Fault.WATCHES_TRAINING_SET ? examples.iterator().next() : null;
        return new FaultyModel(provenance, learned, fault, watched);
    }

    private Dataset<Label> accepted(Dataset<Label> examples) {
        try {
            return FaultyIntake.accepted(fault, examples);
        } catch (IllegalArgumentException refused) {
            if (fault == Fault.COUNTS_REFUSALS) {
                count++;
            }
            throw refused;
        }
    }

    private record Turn(int count, TrainerProvenance provenance) {}

    private synchronized Turn turn(int invocationCount) {
        boolean named = invocationCount != INCREMENT_INVOCATION_COUNT;
        if (named) {
            setInvocationCount(invocationCount);
        }
        Turn before = new Turn(count, getProvenance());
        if (fault != Fault.SKIPS_NAMED_COUNTS || !named) {
            count++;
        }
        return fault == Fault.RECORDS_THE_NEXT_COUNT ? new Turn(before.count(), getProvenance()) : before;
    }

    private Turn turnWithoutLock() {
        Turn before = new Turn(count, getProvenance());
        try {
            Thread.sleep(RACE_MILLIS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        count = before.count() + 1;
        return before;
    }

    private int stream(int own) {
        return switch (fault) {
            case DRAWS_FROM_GLOBAL_STATE -> DRAWN.getAndIncrement();
            case REPEATS_ITSELF -> 0;
            default -> own;
        };
    }

    /** Leaves a mark in an example, once, as Tribuo refuses a second one of the same name. */
    static synchronized void mark(Example<Label> example) {
        if (!example.containsMetadata("seen")) {
            example.setMetadataValue("seen", true);
        }
    }

    @Override
    public int getInvocationCount() {
        return fault == Fault.STOPS_COUNTING ? Math.min(count, 2) : count;
    }

    @Override
    public synchronized void setInvocationCount(int invocationCount) {
        if (invocationCount < 0 && fault != Fault.ACCEPTS_NEGATIVE_COUNT) {
            throw new IllegalArgumentException("invocationCount = " + invocationCount);
        }
        int least = fault == Fault.KEEPS_HIGHEST_COUNT ? count : 0;
        count = Math.max(least, invocationCount);
    }

    @Override
    public TrainerProvenance getProvenance() {
        if (fault == Fault.UNREADABLE_PROVENANCE) {
            return new Unreadable(this);
        }
        if (fault == Fault.MISSTATES_SEED) {
            FaultyTrainer twin = new FaultyTrainer(fault, 0);
            twin.count = count;
            return new TrainerProvenanceImpl(twin);
        }
        return new TrainerProvenanceImpl(this);
    }

    @Override
    public String toString() {
        return "FaultyTrainer(fault=" + fault + ",seed=" + seed + ")";
    }

    /** A provenance without the constructor that reading it needs. */
    private static final class Unreadable extends SkeletalTrainerProvenance {

        private static final long serialVersionUID = 1L;

        Unreadable(FaultyTrainer host) {
            super(host);
        }
    }
}
