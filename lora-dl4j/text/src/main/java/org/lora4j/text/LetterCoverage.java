/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * Tells texts in a script that a classifier has never learned from. An encoder turns them into tokens as any others, often all
 * into the same one, and the classifier gives some label, perhaps with a high probability. What the letters of the training texts
 * were, tells for certain.
 *
 * <pre>{@code
 * LetterCoverage letters = LetterCoverage.of(trainingTexts);
 * String language = letters.isKnown(text) ? classifier.predict(text).label() : "unknown";
 * }</pre>
 *
 * <p>Letters count as they are in lower case, with the marks that stand on them; digits, spaces and punctuation do not count. A text is known
 * if at least half of its letters were in the training texts; {@link #calibrated} asks for more. It says nothing of texts in
 * another language of a script that was learned from.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class LetterCoverage {

    private static final double HALF = 0.5;

    private final BitSet letters;
    private final double threshold;

    private LetterCoverage(BitSet letters, double threshold) {
        this.letters = letters;
        this.threshold = threshold;
    }

    /**
     * Takes note of the letters of texts.
     *
     * @param texts the texts that are learned from
     * @return the coverage, by which a text is known if at least half of its letters were in these texts
     * @throws IllegalArgumentException if no text has a letter
     */
    public static LetterCoverage of(List<String> texts) {
        Arguments.allRequired(texts, "LetterCoverage.of: texts", "a text");
        BitSet letters = new BitSet();
        texts.forEach(text -> Arrays.stream(letters(text)).forEach(letters::set));
        if (letters.isEmpty()) {
            throw new IllegalArgumentException("LetterCoverage.of: the " + texts.size()
                    + " texts have no letter; expected the texts that are learned from.");
        }
        return new LetterCoverage(letters, HALF);
    }

    private static int[] letters(String text) {
        return text.toLowerCase(Locale.ROOT)
                .codePoints()
                .filter(point -> Character.isLetter(point) || isMark(Character.getType(point)))
                .toArray();
    }

    /** Vowels of many scripts, and accents. */
    private static boolean isMark(int type) {
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /**
     * The coverage with a threshold of its own, where half is too little: the highest one by which enough texts are known.
     *
     * @param heldOut texts of the known scripts that were not learned from
     * @param accepted share of them that is to be known, above 0 and at most 1
     * @return a new coverage
     * @throws IllegalArgumentException if there is no text, or the share is outside of its range
     */
    public LetterCoverage calibrated(List<String> heldOut, double accepted) {
        Arguments.allRequired(heldOut, "LetterCoverage.calibrated: heldOut", "a text");
        Problems problems = new Problems();
        problems.check(!heldOut.isEmpty(), "heldOut is empty, expected texts that were not learned from");
        problems.check(
                accepted > 0 && accepted <= 1, "accepted = " + accepted + ", expected a number above 0, at most 1");
        problems.throwIfAny("LetterCoverage.calibrated");
        double[] shares = heldOut.stream().mapToDouble(this::share).sorted().toArray();
        int refused = shares.length - (int) Math.ceil(accepted * shares.length);
        return new LetterCoverage(letters, shares[refused]);
    }

    /**
     * How much of a text consists of letters that were learned from.
     *
     * @param text the text
     * @return the share of its letters, 0 to 1; 0 for a text without letters
     */
    public double share(String text) {
        int[] all = letters(Arguments.required(text, "LetterCoverage.share: text", "a text"));
        long known = Arrays.stream(all).filter(letters::get).count();
        return all.length == 0 ? 0 : (double) known / all.length;
    }

    /**
     * Whether a text is in a script that was learned from.
     *
     * @param text the text
     * @return true if the share of its letters reaches the threshold; false for a text without letters
     */
    public boolean isKnown(String text) {
        double share = share(Arguments.required(text, "LetterCoverage.isKnown: text", "a text"));
        return share > 0 && share >= threshold;
    }

    /**
     * From which share on a text is known.
     *
     * @return 0 to 1; 0.5 unless it was calibrated
     */
    public double threshold() {
        return threshold;
    }

    @Override
    public String toString() {
        return "LetterCoverage[" + letters.cardinality() + " letters, threshold " + threshold + "]";
    }
}
