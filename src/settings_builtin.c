/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

static const char builtin_yaml[] =
    "# What ffarm does where no configuration says otherwise. A file that has neither profiles nor templates\n"
    "# gets these profiles, and these rules too if it has none of its own.\n"
    "profiles:\n"
    "  hevc: &hevc\n"
    "    output_options_video: [-c:v libx265, -preset medium]\n"
    "    output_options_audio: [-c:a copy]\n"
    "    extension: .mkv\n"
    "    quality: medium\n"
    "    engines:\n"
    "      cuda:\n"
    "        output_options_video: &cuda [-c:v hevc_nvenc, -preset p5]\n"
    "      qsv:\n"
    "        output_options_video: &qsv [-c:v hevc_qsv, -preset medium]\n"
    "      videotoolbox:\n"
    "        output_options_video: '-c:v hevc_videotoolbox'\n"
    "      amf:\n"
    "        output_options_video: '-c:v hevc_amf -quality balanced'\n"
    "  hevc_cuda: &hevc_cuda\n"
    "    <<: *hevc\n"
    "    output_options_video: *cuda\n"
    "    engines:\n"
    "  hevc_qsv: &hevc_qsv\n"
    "    <<: *hevc\n"
    "    output_options_video: *qsv\n"
    "    engines:\n"
    "  cuda: *hevc_cuda\n"
    "  qsv: *hevc_qsv\n"
    "  h264:\n"
    "    output_options_video: [-c:v libx264, -preset medium]\n"
    "    output_options_audio: [-c:a copy]\n"
    "    extension: .mkv\n"
    "    quality: medium\n"
    "rules:\n"
    "  already as small as it gets (hevc or av1):\n"
    "    profile: SKIP\n"
    "    criteria:\n"
    "      vcodec: [hevc, av1]\n"
    "  everything else:\n"
    "    profile: hevc\n";

const char *ffarm_settings_builtin_yaml(void)
{
    return builtin_yaml;
}
