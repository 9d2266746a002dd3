"""What plugins of a serverless.yml would have done: none of them runs here."""

from __future__ import annotations

from lambdacli.project.foreign.written import TemplateWriter, Written

_INSTEAD = {
    "serverless-bundle": "`lam build` bundles by esbuild",
    "serverless-dotenv-plugin": "variables of .env are read with `useDotenv: true`",
    "serverless-dynamodb-local": "tables are made in the neighbour services",
    "serverless-esbuild": "`lam build` bundles by esbuild",
    "serverless-iam-roles-per-function": "all functions share the service's role",
    "serverless-lift": "its constructs make nothing here",
    "serverless-offline": "lam itself serves the functions and their APIs",
    "serverless-offline-sns": "topics of the neighbour services deliver",
    "serverless-offline-sqs": "queues of the neighbour services are read",
    "serverless-plugin-typescript": "`lam build` compiles TypeScript by esbuild",
    "serverless-plugin-warmup": "functions stay warm here",
    "serverless-python-requirements": "lam installs requirements.txt itself",
    "serverless-step-functions": "state machines do not run here",
    "serverless-webpack": "`lam build` bundles by esbuild",
}


def remark_plugins(writer: TemplateWriter, service: Written) -> None:
    plugins = service.at("plugins")
    listed = plugins.at("modules") if plugins.at("modules") else plugins
    for plugin in listed.items():
        name = plugin.text()
        writer.remark(plugin, f"the plugin {name} is not run", _INSTEAD.get(name, ""))
