/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.lora4j.internal.image.ImageFamily.HeadInput;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a task takes of an encoder of images.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ImageParts implements FitEncoder {

    private final ImageWeights weights;
    private final Preprocessing preprocessing;
    private final int height;
    private final int width;
    private final HeadInput headInput;
    private final RandomChanges changes;
    private final ImageShelf shelf;

    /** How an image that is learned from is changed at random. */
    public interface RandomChanges {

        /** Whether nothing is changed. */
        boolean isNone();

        /** Before it gets the size of the model. */
        Pixels before(Pixels whole, SplittableRandom random);

        /** In the size of the model. */
        Pixels after(Pixels framed, SplittableRandom random);
    }

    /**
     * Takes an encoder.
     *
     * @param asRead whether a head takes what that of the file takes, not what a new one of the family does
     * @param changes of images to learn from
     */
    public ImageParts(ImageWeights weights, Preprocessing preprocessing, boolean asRead, RandomChanges changes) {
        int[] size = preprocessing.heightAndWidth().orElseThrow();
        this.weights = weights;
        this.preprocessing = preprocessing;
        this.height = size[0];
        this.width = size[1];
        this.headInput = asRead
                ? weights.config().headInput()
                : weights.config().family().headInput();
        this.changes = changes;
        this.shelf = new ImageShelf(weights.config().places(height, width));
    }

    /** Whether the head takes what that of the file takes. */
    public boolean isAsRead() {
        return headInput == weights.config().headInput();
    }

    /**
     * Prepares images.
     *
     * @param images in red, green and blue
     * @param learned whether they are learned from, so that random changes need the whole of them
     * @param done is called for each
     * @return what stands for them, to be closed
     */
    public ImageShelf.Row row(List<Pixels> images, boolean learned, Runnable done) {
        ImageShelf.Row row = shelf.row();
        for (Pixels image : images) {
            Pixels whole = image.withChannels(weights.config().channels());
            row.put(preprocessing.framed(whole), learned && !changes.isNone() ? whole : null);
            done.run();
        }
        return row;
    }

    /**
     * Takes images that are prepared.
     *
     * @param framed in red, green and blue, of the model's size
     * @return what stands for them, to be closed
     */
    public ImageShelf.Row framedRow(List<Pixels> framed) {
        ImageShelf.Row row = shelf.row();
        framed.forEach(image -> row.put(image.withChannels(weights.config().channels()), null));
        return row;
    }

    @Override
    public String inputs() {
        return "images";
    }

    @Override
    public DataType dataType() {
        return weights.dataType();
    }

    @Override
    public int width(boolean perToken) {
        return weights.config().headWidth(headInput);
    }

    @Override
    public OptionalInt vocabulary() {
        return OptionalInt.empty();
    }

    @Override
    public int longest() {
        return weights.config().places(height, width);
    }

    @Override
    public SameDiff graph(boolean own, boolean perToken) {
        return ImageGraph.forHead(own ? weights.copy() : weights, height, width, headInput);
    }

    @Override
    public String output(boolean perToken) {
        return ImageGraph.HEAD_INPUT;
    }

    @Override
    public Map<String, INDArray> placeholders(TokenRows rows, TokenRows.Part part, OptionalLong draw) {
        int length = weights.config().channels() * height * width;
        float[] numbers = new float[part.rows().size() * length];
        for (int i = 0; i < part.rows().size(); i++) {
            preprocessing.numbers(pixels(rows.text(part.rows().get(i)), draw), numbers, i * length);
        }
        INDArray pixels = Nd4j.create(
                numbers, new long[] {part.rows().size(), weights.config().channels(), height, width}, 'c');
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        placeholders.put(ImageGraph.PIXELS, pixels.castTo(dataType()));
        return placeholders;
    }

    private Pixels pixels(TokenizedText tokens, OptionalLong draw) {
        ImageShelf.Shelved image = shelf.image(tokens);
        if (draw.isEmpty() || image.whole() == null) {
            return image.framed();
        }
        SplittableRandom random = RandomStreams.of(draw.getAsLong(), "image " + ImageShelf.number(tokens));
        return changes.after(preprocessing.framed(changes.before(image.whole(), random)), random);
    }

    @Override
    public Map<String, INDArray> checkpoint(SameDiff graph) {
        return weights.checkpoint(
                name -> graph.hasVariable(name) ? graph.getVariable(name).getArr() : null);
    }
}
