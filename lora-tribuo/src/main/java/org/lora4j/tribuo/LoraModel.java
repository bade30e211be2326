/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.StringProvenance;
import com.oracle.labs.mlrg.olcut.util.Pair;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.train.TrainingResult;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.base.BaseNetworks;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.Example;
import org.tribuo.Excuse;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Model;
import org.tribuo.MutableFeatureMap;
import org.tribuo.MutableOutputInfo;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.Prediction;
import org.tribuo.protos.core.ModelProto;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.impl.EmptyDatasetProvenance;
import org.tribuo.provenance.impl.EmptyTrainerProvenance;

/**
 * A frozen network with an adapter and a head.
 *
 * <p><b>Attached or not.</b> A model that was read finds its base through {@link BaseNetworks}. If it is nowhere the model is
 * <i>detached</i>: it has provenance, domains and adapter, but predicts only after {@link #attach}. So one missing file does
 * not make a whole ensemble unreadable.
 *
 * <p><b>State.</b> Immutable, but for the name. <b>Threads.</b> Safe; predictions of one model run one after the other.
 *
 * @param <T> type of output
 * @apiNote Status: stable
 */
public final class LoraModel<T extends Output<T>> extends Model<T> {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    static final String NAME = "lora-model";

    private static final long serialVersionUID = 1L;
    private static final String ADAPTER_PATH = "adapter-path";
    private static final int LONGEST_PATH = 500;

    private final transient ModelParts<T> parts;
    private transient Predictor<T> predictor;

    LoraModel(String name, ModelProvenance provenance, ModelParts<T> parts) {
        super(
                name,
                provenance,
                parts.features(),
                parts.domain(),
                parts.outputs().generatesProbabilities());
        this.parts = parts;
    }

    /**
     * Makes a model of an adapter that was trained elsewhere.
     *
     * @param base the base that it was trained for
     * @param directory a PEFT directory that holds a head as well
     * @param inputs turns features into inputs of the network
     * @param outputs turns outputs into targets and back
     * @param factory makes the output domain
     * @param domain outputs that together hold all names
     * @param rows name of the output for each row of the head
     * @param <T> type of output
     * @return the model; regression outputs are in the unit of the head
     * @throws IOException if the directory cannot be read
     * @throws IllegalArgumentException if adapter, base, rows and domain do not belong together; the message shows what differs
     */
    public static <T extends Output<T>> LoraModel<T> fromAdapter(
            BaseNetwork base,
            Path directory,
            InputConverter inputs,
            OutputConverter<T> outputs,
            OutputFactory<T> factory,
            List<T> domain,
            List<String> rows)
            throws IOException {
        SavedAdapter saved = SavedAdapter.load(directory);
        MutableOutputInfo<T> info = factory.generateInfo();
        domain.forEach(info::observe);
        ImmutableOutputInfo<T> outputDomain = info.generateImmutableOutputInfo();
        ImmutableFeatureMap none = new ImmutableFeatureMap(new MutableFeatureMap());
        ImmutableFeatureMap features = FeatureDomains.widened(none, inputs.featureNames(none));
        ModelParts<T> parts = new ModelParts<>(
                base,
                base.reference(),
                saved.adapter(),
                inputs,
                outputs,
                rows,
                saved.scales(),
                features,
                outputDomain,
                HeadMode.NEW,
                64,
                ModelFormat.ADAPTER_ONLY,
                Optional.empty());
        Map<String, Provenance> run = Map.of(ADAPTER_PATH, new StringProvenance(ADAPTER_PATH, directory.toString()));
        ModelProvenance provenance = new ModelProvenance(
                LoraModel.class.getName(),
                OffsetDateTime.now(),
                new EmptyDatasetProvenance(),
                new EmptyTrainerProvenance(),
                run);
        LoraModel<T> model = new LoraModel<>(NAME, provenance, parts);
        model.predictor();
        return model;
    }

    ModelParts<T> parts() {
        return parts;
    }

    private synchronized Predictor<T> predictor() {
        if (parts.base() == null) {
            throw new IllegalStateException(
                    "LoraModel: the base network " + parts.reference().contentHash() + " ("
                            + parts.reference().kind() + ", last seen at "
                            + parts.reference().path().map(LoraModel::shown).orElse("no file, it came from memory")
                            + ") was not found when this model was read; expected it in memory or in one of the directories "
                            + BaseNetworks.searchPaths() + ", outside of which no path of a model is followed. Call"
                            + " attach(base), or BaseNetworks.addSearchPath(directory) before reading the model.");
        }
        if (predictor == null) {
            predictor = new Predictor<>(parts);
        }
        return predictor;
    }

    private static String shown(Path path) {
        String text = path.toString();
        return text.length() <= LONGEST_PATH ? text : text.substring(0, LONGEST_PATH) + "...";
    }

    /**
     * Whether the base is there.
     *
     * @return true if this model can predict
     */
    public boolean isAttached() {
        return parts.base() != null;
    }

    /**
     * This model with a base.
     *
     * @param base the base that it was trained for
     * @return a new model that can predict
     * @throws IllegalArgumentException if the base has another content hash; the message shows both
     */
    public LoraModel<T> attach(BaseNetwork base) {
        String expected = parts.reference().contentHash();
        if (!base.contentHash().equals(expected)) {
            throw new IllegalArgumentException("LoraModel: base " + base + " has the content hash "
                    + base.contentHash() + "; expected " + expected
                    + ", for which this model was trained. Its adapter means nothing to another network.");
        }
        return new LoraModel<>(name, provenance, parts.withBase(base));
    }

    /**
     * The base that this model belongs to.
     *
     * @return its content hash
     */
    public String baseContentHash() {
        return parts.reference().contentHash();
    }

    /**
     * The run that made this model: its losses, epochs and signs, for instance for a report.
     *
     * @return empty if the model was read from a file or made of an adapter that was trained elsewhere
     */
    public Optional<TrainingResult> training() {
        return parts.training();
    }

    /**
     * The adapter with the head.
     *
     * @return the values
     */
    public Adapter adapter() {
        return parts.adapter();
    }

    /**
     * The size of the adapter with the head.
     *
     * @return number of values
     */
    public long adapterParameterCount() {
        long factors = parts.adapter().modules().values().stream()
                .flatMap(tensors -> tensors.values().stream())
                .mapToLong(INDArray::length)
                .sum();
        return factors
                + parts.adapter().savedParameters().values().stream()
                        .mapToLong(INDArray::length)
                        .sum();
    }

    /**
     * This model, to be serialized in another format.
     *
     * @param format what is to be serialized
     * @return a new model
     */
    public LoraModel<T> withFormat(ModelFormat format) {
        return new LoraModel<>(name, provenance, parts.withFormat(format));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if this model is detached
     */
    @Override
    public Prediction<T> predict(Example<T> example) {
        return predictor().predict(List.of(example)).get(0);
    }

    @Override
    protected List<Prediction<T>> innerPredict(Iterable<Example<T>> examples) {
        List<Example<T>> all = new ArrayList<>();
        examples.forEach(all::add);
        return predictor().predict(all);
    }

    /** Empty: features have no weights of their own. */
    @Override
    public Map<String, List<Pair<String, Double>>> getTopFeatures(int n) {
        return Map.of();
    }

    /**
     * What each feature of an example adds to each output, by integrated gradients against an example without features (of
     * images a black one, of tokens the id 0 at each position): the features of an output add up to what it gives for the
     * example less what it gives without features, within 1e-3, of numbers in their standardized unit.
     *
     * <p><i>Cost.</i> 20 gradients or more for each output. The first call copies a network of layers, and keeps the copy.
     *
     * @param example the example
     * @return for each output its features, the one that adds most first; empty where the mathematics does not allow it: the
     *     network of layers begins with a lookup by token ids, the converter of inputs is one of your own that tells no {@code
     *     place}, or the output jumps on the way, so that no attributions add up
     * @throws IllegalStateException if this model is detached
     */
    @Override
    public Optional<Excuse<T>> getExcuse(Example<T> example) {
        return predictor().excuse(example);
    }

    @Override
    protected LoraModel<T> copy(String newName, ModelProvenance newProvenance) {
        return new LoraModel<>(newName, newProvenance, parts);
    }

    /**
     * What the training was: hashes of base, examples and adapter, how it was done, and what was checked. It goes along with {@link
     * #exportAdapter}, and with the model's proto.
     *
     * @return the receipt; empty of a model that was made of an adapter without one
     */
    public Optional<Receipt> receipt() {
        return parts.adapter().receipt();
    }

    /**
     * Writes the adapter with the head as a PEFT directory, usable without Tribuo, and beside it {@code
     * tribuo_outputs.json}, which says whose row of the head is whose, and {@code lora4j_receipt.json}, which says how it was trained.
     *
     * @param directory where to; created if missing
     * @throws IOException if writing fails
     */
    public void exportAdapter(Path directory) throws IOException {
        new SavedAdapter(parts.adapter(), parts.rows(), parts.scales()).save(directory);
    }

    /**
     * Writes a plain network with the adapter merged into its weights: a zip of {@code ModelSerializer} for networks of
     * layers, else a SameDiff file. It runs without this library. Regression outputs are in standardized units.
     *
     * @param file the file to write
     * @throws IOException if writing fails
     * @throws IllegalStateException if this model is detached
     */
    public void exportMerged(Path file) throws IOException {
        Predictor<T> own = predictor();
        synchronized (own) {
            own.host().exportMerged(file);
        }
    }

    @Override
    public ModelProto serialize() {
        return ModelProtos.write(this, createDataCarrier().serialize());
    }

    /**
     * Reads a model, as Tribuo asks for it. A model whose base is nowhere is detached.
     *
     * @param version version of the proto
     * @param className this class
     * @param message the model
     * @return the model
     * @throws InvalidProtocolBufferException if the message is of another kind, damaged or written by a newer release,
     *     whatever is wrong with it; Tribuo's own {@code Model.deserializeFromFile} wraps it into exceptions of its own
     */
    public static LoraModel<?> deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return ModelProtos.read(version, message);
    }

    private Object writeReplace() {
        return new SerializedModel(serialize().toByteArray());
    }

    private void readObject(ObjectInputStream stream) throws InvalidObjectException {
        throw new InvalidObjectException("LoraModel: the stream holds no SerializedModel; expected one.");
    }
}
