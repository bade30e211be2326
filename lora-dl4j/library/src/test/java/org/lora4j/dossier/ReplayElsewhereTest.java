/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.dossier.ReplayVerdict.Outcome;

/** Runs of another process, trained again in this one, are the same in every bit. */
class ReplayElsewhereTest {

    @TempDir
    private Path work;

    @Test
    void runsOfAnotherProcess_areTheSameInEveryBit() throws Exception {
        ReplayedRun.trainElsewhere(work);

        for (ReplayedRun run : ReplayedRun.values()) {
            ReplayVerdict verdict = Replay.of(work.resolve(run.name())).run(run.again(work));
            // The other process may have another compiler of Java, which changes no bit.
            assertThat(verdict.outcome()).as("%s: %s", run, verdict).isEqualTo(Outcome.SAME_BITS);
        }
    }
}
