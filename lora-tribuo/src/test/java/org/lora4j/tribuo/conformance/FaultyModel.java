/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.util.Pair;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tribuo.Example;
import org.tribuo.Excuse;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.Model;
import org.tribuo.MutableFeatureMap;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.impl.ModelDataCarrier;
import org.tribuo.protos.core.ModelProto;
import org.tribuo.protos.core.TransformedModelProto;
import org.tribuo.provenance.ModelProvenance;

/** A model of {@link FaultyTrainer}: what it learned, and what is wrong with it. */
final class FaultyModel extends Model<Label> {

    private static final long serialVersionUID = 1L;

    /** Examples from which on a batch is a large one. */
    private static final int LARGE = 100;

    /** Answers after which a model that wears out is another one. */
    private static final int FRESH = 12;

    /** What a reader that does not mind broken input falls back on. */
    private static volatile FaultyModel lastWritten;

    private final Model<Label> inner;
    private final Fault fault;
    private final double factor;
    private final transient Example<Label> watched;
    private final double watchedValue;
    private transient Map<Example<Label>, Prediction<Label>> remembered;
    private int counted;

    FaultyModel(ModelProvenance provenance, Model<Label> inner, Fault fault, Example<Label> watched) {
        this("faulty", provenance, inner, fault, 1, watched);
    }

    private FaultyModel(
            String name,
            ModelProvenance provenance,
            Model<Label> inner,
            Fault fault,
            double factor,
            Example<Label> watched) {
        super(
                name,
                provenance,
                fault == Fault.HIDES_FEATURES
                        ? new ImmutableFeatureMap(new MutableFeatureMap())
                        : inner.getFeatureIDMap(),
                inner.getOutputIDInfo(),
                inner.generatesProbabilities() != (fault == Fault.MISSTATES_PROBABILITIES));
        this.inner = inner;
        this.fault = fault;
        this.factor = factor;
        this.watched = watched;
        this.watchedValue = watched == null ? 0 : firstValue(watched);
    }

    private static double firstValue(Example<Label> example) {
        return example.iterator().next().getValue();
    }

    @Override
    public Prediction<Label> predict(Example<Label> example) {
        if (FaultyIntake.any(example, Double::isInfinite) && fault != Fault.PREDICTS_INFINITY) {
            throw new IllegalArgumentException("an infinite feature in " + example);
        }
        if (fault == Fault.REMEMBERS_ANSWERS) {
            return remembered(example);
        }
        Prediction<Label> right = learned(example);
        if (fault == Fault.MARKS_PREDICTED_EXAMPLES) {
            FaultyTrainer.mark(example);
        }
        int used = fault == Fault.COUNTS_UNKNOWN_FEATURES ? example.size() : right.getNumActiveFeatures();
        return scaled(right, used, factor * deviation(example));
    }

    private Prediction<Label> learned(Example<Label> example) {
        try {
            return inner.predict(example);
        } catch (IllegalArgumentException refused) {
            throw fault == Fault.REFUSES_WITHOUT_REASON ? new IllegalArgumentException("bad example") : refused;
        }
    }

    private synchronized Prediction<Label> remembered(Example<Label> example) {
        if (remembered == null) {
            remembered = new IdentityHashMap<>();
        }
        return remembered.computeIfAbsent(example, inner::predict);
    }

    /** Returns by what the scores are multiplied: 1 for a model without this kind of fault. */
    private double deviation(Example<Label> example) {
        return switch (fault) {
            case WATCHES_TRAINING_SET -> watched == null ? 1 : 1 + 1e-3 * (watchedValue - firstValue(watched));
            case DIVIDES_BY_VALUES -> FaultyIntake.any(example, value -> value != 0) ? 1 : Double.NaN;
            case NEEDS_ALL_FEATURES -> example.isDense(inner.getFeatureIDMap()) ? 1 : Double.NaN;
            case WEARS_OUT -> next() < FRESH ? 1 : 1 + 1e-9;
            default -> 1;
        };
    }

    private synchronized int next() {
        return counted++;
    }

    private static Prediction<Label> scaled(Prediction<Label> right, int used, double factor) {
        Map<String, Label> scores = new LinkedHashMap<>();
        right.getOutputScores().forEach((name, score) -> scores.put(name, new Label(name, score.getScore() * factor)));
        Label output = scores.get(right.getOutput().getLabel());
        return new Prediction<>(output, scores, used, right.getExample(), right.hasProbabilities());
    }

    @Override
    protected List<Prediction<Label>> innerPredict(Iterable<Example<Label>> examples) {
        List<Prediction<Label>> predictions = new ArrayList<>();
        for (Example<Label> example : examples) {
            try {
                predictions.add(predict(example));
            } catch (IllegalArgumentException invalid) {
                if (fault != Fault.SKIPS_INVALID_EXAMPLES) {
                    throw invalid;
                }
            }
        }
        if (fault == Fault.DEPENDS_ON_BATCH && predictions.size() > LARGE) {
            predictions.replaceAll(right -> scaled(right, right.getNumActiveFeatures(), 0.999));
        } else if (fault == Fault.REVERSES_BATCHES) {
            Collections.reverse(predictions);
        } else if (fault == Fault.REFUSES_NOTHING && predictions.isEmpty()) {
            throw new IllegalArgumentException("nothing to predict");
        }
        return predictions;
    }

    @Override
    public ModelProvenance getProvenance() {
        return fault == Fault.DATES_PROVENANCE_ANEW
                ? new ModelProvenance(
                        provenance.getClassName(),
                        OffsetDateTime.now(),
                        provenance.getDatasetProvenance(),
                        provenance.getTrainerProvenance(),
                        Map.copyOf(provenance.getInstanceProvenance().getMap()))
                : provenance;
    }

    @Override
    public Map<String, List<Pair<String, Double>>> getTopFeatures(int n) {
        if (fault == Fault.HAS_NO_REASONS) {
            throw new UnsupportedOperationException("no features to name");
        }
        return Collections.emptyMap();
    }

    @Override
    public Optional<Excuse<Label>> getExcuse(Example<Label> example) {
        return Optional.empty();
    }

    @Override
    protected Model<Label> copy(String newName, ModelProvenance newProvenance) {
        return fault == Fault.SHARES_NAME_WITH_COPIES
                ? this
                : new FaultyModel(newName, newProvenance, inner, fault, factor, watched);
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
        if (fault == Fault.REFUSES_JAVA_SERIALIZATION) {
            throw new NotSerializableException(FaultyModel.class.getName());
        }
        out.defaultWriteObject();
    }

    @Override
    public ModelProto serialize() {
        lastWritten = this;
        TransformedModelProto content = TransformedModelProto.newBuilder()
                .setMetadata(createDataCarrier().serialize())
                .setModel(inner.serialize())
                .setDensify(fault == Fault.STAMPS_PROTO && next() % 2 == 1)
                .build();
        return ModelProto.newBuilder()
                .setClassName(FaultyModel.class.getName())
                .setSerializedData(Any.pack(content))
                .build();
    }

    /**
     * Reads a model, as Tribuo asks for it.
     *
     * @param version the version of the form
     * @param className the name of this class
     * @param message the content
     * @return the model
     * @throws InvalidProtocolBufferException if the content is no such message
     */
    public static FaultyModel deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        try {
            return read(version, message.unpack(TransformedModelProto.class));
        } catch (InvalidProtocolBufferException broken) {
            if (lastWritten.fault == Fault.READS_BROKEN_PROTO) {
                return lastWritten;
            }
            throw broken;
        }
    }

    private static FaultyModel read(int version, TransformedModelProto content) {
        ModelDataCarrier<?> metadata = ModelDataCarrier.deserialize(content.getMetadata());
        Fault fault = Fault.valueOf(metadata.provenance()
                .getTrainerProvenance()
                .getConfiguredParameters()
                .get("fault")
                .toString());
        if (version != 0 && fault != Fault.READS_ANY_VERSION) {
            throw new IllegalArgumentException("version " + version);
        }
        return new FaultyModel(
                fault == Fault.FORGETS_NAME_WHEN_READ ? "" : metadata.name(),
                metadata.provenance(),
                Model.deserialize(content.getModel()).castModel(Label.class),
                fault,
                fault == Fault.ROUNDS_WHEN_READ ? 1 - 1e-9 : 1,
                null);
    }
}
