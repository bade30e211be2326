/**
 * Published data sets as Tribuo reads them, for measurements with real data: wine quality (regression), BANKING77 (labels)
 * and CLINC150 (several labels). The files are not ours to ship: programs are told where they are, and tests that need them
 * are skipped with a message where they are absent.
 */
package org.lora4j.integration.datasets;
